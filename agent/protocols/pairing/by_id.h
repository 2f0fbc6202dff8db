// For protocols whose requests carry a number that their response repeats: the requests of one connection that wait for
// their responses, in whatever order those come, and the exchanges that become of them. It keeps started = used + lost.
//
// A gap in the responses may have answered any request that waits then: those are in doubt. A response that comes all the
// same is theirs; where none came, they are lost to the gap when the connection ends, not errors of its end.
//
// It also knows how sure it is that the connection speaks the protocol at all: what ends as a guess has not been.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/protocols/pairing/in_order.h"

namespace footfall {

class ById {
public:
    static constexpr std::size_t kLimit = 32768;  // as many streams as a connection of Cassandra has

    // Forgets everything and begins with another connection. The role may be told later, before anything is finished.
    void restart(const ReaderContext& context, Kind kind, Standing standing = Standing::kConfirmed);
    void set_role(Role role) { requests_ = role == Role::kServer ? Direction::kReceived : Direction::kSent; }
    // The same, told by a request, or a response, of this direction.
    void set_role(Direction direction, bool is_request);
    [[nodiscard]] std::optional<Role> role() const;
    [[nodiscard]] bool knows_role() const { return requests_.has_value(); }
    [[nodiscard]] Direction requests() const { return *requests_; }  // which carries them, once the role is known
    [[nodiscard]] bool is_request(Direction direction) const { return requests_ == direction; }
    [[nodiscard]] bool is_response(Direction direction) const { return requests_ && *requests_ != direction; }

    void confirm() { standing_ = Standing::kConfirmed; }
    [[nodiscard]] Standing standing() const { return standing_; }
    [[nodiscard]] bool is_confirmed() const { return standing_ == Standing::kConfirmed; }
    [[nodiscard]] bool is_over() const { return standing_ == Standing::kRefuted || standing_ == Standing::kCompressed; }
    // What comes is not the protocol's, or not any more: a guess is refuted, else all that wait are lost.
    void break_off();
    // What comes can't be read any more.
    void go_compressed();

    // A request that begins. One that has its number already was answered unseen: a number is used again only after that.
    // Null if more wait than are kept: it is lost then, and its response is nobody's.
    OpenRequest* begin(std::uint32_t id, const Stamp& stamp);
    // Null if none of this number waits. Valid until the next call that begins or ends one.
    [[nodiscard]] OpenRequest* find(std::uint32_t id);

    [[nodiscard]] bool empty() const { return ids_.empty(); }
    [[nodiscard]] std::size_t size() const { return ids_.size(); }
    [[nodiscard]] OpenRequest& only() { return slots_.front().request; }  // of one

    // It is answered: handed out, or lost if it was marked so.
    void finish(std::uint32_t id, Outcome outcome, std::string_view error_type, MonotonicTime end);
    void lose(std::uint32_t id, LostReason reason);
    void lose_all(LostReason reason);
    // Of one that has no place among them.
    void lose_one(LostReason reason);
    // A response that answers none that waits: lost for this reason, unless it was lost as a request already.
    void lose_unasked(LostReason reason);
    // Responses passed unseen.
    void doubt_all() { doubtful_before_ = serial_; }
    // Those in doubt had their turn: what came after the gap has been answered.
    void lose_doubtful();
    [[nodiscard]] bool is_doubtful(std::uint32_t id) const;
    // What is open is an error of the connection's end …
    void close(CloseReason reason, MonotonicTime time);
    // … or unfinished.
    void session_end();
    // As if nothing had begun: the guess was wrong.
    void forget();

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const { return started_; }

private:
    struct Slot {
        OpenRequest request;
        std::uint64_t serial = 0;
    };

    [[nodiscard]] std::size_t place_of(std::uint32_t id) const;
    void finish_at(std::size_t place, Outcome outcome, std::string_view error_type, MonotonicTime end);
    void lose_at(std::size_t place, LostReason reason);
    void remove(std::size_t place);

    ReaderContext context_;
    Kind kind_{};
    std::optional<Direction> requests_;  // which carries them
    Standing standing_ = Standing::kConfirmed;
    std::vector<std::uint32_t> ids_;  // of those that wait: a search is a run over few bytes
    std::vector<Slot> slots_;         // likewise, then spare ones with their buffers
    std::uint64_t serial_ = 0;        // of the next request
    std::uint64_t doubtful_before_ = 0;
    std::uint64_t unkept_ = 0;  // lost for want of room, and not answered yet
    std::uint64_t started_ = 0;
};

}  // namespace footfall
