// For protocols that answer commands in their order without numbering them, on connections of which the beginning was not
// seen or a part was lost: the commands that wait for their replies, and how their order is found again. It keeps started =
// used + lost. Methods of commands are static text. Not for protocols in which a reply names its request (by_id.h).
//
// On a connection seen from its start, replies belong to commands by their number. Else it is not known how many replies are
// still under way, so order is found again in two steps:
// - Commands count from a moment on at which all seems to be answered: a request begins, replies are at the end of one, and
//   no command that was seen waits. What comes before that moment is lost (kBeganBefore, after a gap kGap).
// - From there on pairs are held back until all that was asked is answered at the start of a request, or until kProof
// replies
//   have come. A reply too many before that proves that some were still under way: what is held back is lost, and the next
//   such moment is waited for. (A client with always the same number of commands under way, that sends one for each reply,
//   can't be told apart from one that waits: its uses are counted right, each with the times of a neighbour.)
//
// What is answered may still have to wait for its outcome, which a later reply brings (commands of a transaction): held().
//
// Pairs are handed out by deliver(), at the end of each call that the reader gets: those of a pipeline that are equal, and
// their times often are, as one exchange with a count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/pairing/ring_queue.h"
#include "agent/protocols/protocol.h"

namespace footfall {

struct PendingCommand {
    static constexpr std::size_t kErrorLimit = 32;

    std::string_view method;  // static text
    bool asked = false;       // its request has come; false: the reply was faster
    bool answered = false;
    bool failed = false;
    bool unknown = false;  // whether it failed was not seen
    bool quiet = false;    // some outcomes of it have no reply: it is no error if none comes
    std::uint8_t error_length = 0;
    std::uint32_t tag = 0;     // the reader's own …
    std::uint32_t note = 0;    // … and another
    Stamp began;               // first byte of the request
    MonotonicTime first_byte;  // of the reply
    MonotonicTime end;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    std::array<char, kErrorLimit> error_text{};

    [[nodiscard]] std::string_view error() const { return {error_text.data(), error_length}; }
    void fail(std::string_view error);  // what is longer than kErrorLimit is cut
};

void recycle(PendingCommand& command);
// As exchanges they could not be told apart.
[[nodiscard]] bool are_equal(const PendingCommand& a, const PendingCommand& b);

// A message, as far as it is counted.
struct SeenMessage {
    Stamp begin;
    MonotonicTime last;
    std::uint64_t bytes = 0;
};

class ResumedOrder {
public:
    static constexpr std::size_t kProof = 1024;

    // Forgets everything and begins with another connection, of which the streams began before (late), or not.
    void restart(const ReaderContext& context, Kind kind, bool late);
    void set_role(Role role) { role_ = role; }

    // The start of a request's message: what is held back may be proved by it.
    void on_request_start();
    [[nodiscard]] bool is_lost() const { return order_ == Order::kLost; }
    // No command that was seen waits, and no pair is held back.
    [[nodiscard]] bool empty() const { return open_.empty(); }
    // Such a moment has come.
    void assume();
    // The streams turn out to have begun before.
    void begin_late();

    enum class Asked : std::uint8_t { kWaits, kUsed, kLost, kTooMany };
    // A request has come; it waits as latest(), unless its reply was faster (kUsed) or the order is lost.
    Asked ask(std::string_view method, const SeenMessage& request);
    [[nodiscard]] PendingCommand& latest() { return open_.back(); }
    // One that nothing answers.
    void use_unanswered(std::string_view method, const SeenMessage& request);

    // The oldest that waits; null if none does.
    [[nodiscard]] PendingCommand* waiting() { return waiting(0); }
    // The same behind that many others.
    [[nodiscard]] PendingCommand* waiting(std::size_t index);
    // It has its reply, or a part of it.
    static void take_reply(PendingCommand& command, const SeenMessage& reply);
    // The oldest that waits is answered. Held: it, and all that is settled behind it, is not handed out before release().
    // Where replies are lost, and where there are too many, they are released by themselves, with an unknown outcome.
    void settle(bool hold = false);
    [[nodiscard]] std::size_t held() const { return held_; }
    [[nodiscard]] PendingCommand& held(std::size_t index) { return open_.at(answered_ - held_ + index); }
    void release() { held_ = 0; }
    void release_unknown();
    // Hands out what is answered and not held back.
    void deliver() {
        if (answered_ > held_ && order_ != Order::kAssumed) hand_out_answered();
    }
    // A reply came for which none waits.
    enum class Unasked : std::uint8_t {
        kFast,    // its request has not come yet: latest() is what will get it
        kProof,   // the order was wrong
        kNobody,  // it belongs to none that is known
    };
    Unasked on_unasked_reply(const SeenMessage& reply, std::string_view error);

    // All that wait are answered by what was not seen: used, and all but the first with an unknown outcome.
    void answer_unseen(MonotonicTime end);
    // A request has no place among those that wait: they are answered still, and then the order is lost.
    void lose_request(LostReason reason);
    // Replies are missing: all that wait are lost, and the order.
    void lose_waiting(LostReason reason);

    // The connection ends: what waits is an error, or, of the commands of this method, as it should be. No reason: the
    // session ends, and what waits is unfinished.
    void end(std::optional<CloseReason> reason, MonotonicTime time, std::string_view ends_so = {});

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const { return started_; }

private:
    enum class Order : std::uint8_t {
        kKnown,    // replies belong to commands by their number
        kAssumed,  // the same, since a moment at which all seemed to be answered: pairs are held back
        kLost,     // such a moment is waited for
    };

    // That wait. A server's commands are the doing of others, and it asks for no more before it has answered; a watched
    // client may send as many as fit into the buffers of both ends.
    static constexpr std::size_t kMostOfServer = 16384;
    static constexpr std::size_t kMostOfClient = 131072;
    static constexpr std::size_t kFastReplies = 16;  // that may overtake their requests

    [[nodiscard]] bool is_full() const { return open_.size() >= (role_ == Role::kServer ? kMostOfServer : kMostOfClient); }
    void prove();
    void begin(PendingCommand& command, std::string_view method, const SeenMessage& request);
    void hand_out(const PendingCommand& command, Outcome outcome, std::string_view error_type, std::uint32_t count = 1);
    void hand_out_front(std::uint32_t count);
    [[nodiscard]] std::uint32_t equal_answered();
    void hand_out_answered();
    [[nodiscard]] bool has_fast_reply() { return answered_ < open_.size() && !open_.at(answered_).asked; }
    void end_front(std::optional<CloseReason> reason, std::string_view ends_so);
    void lose_all(LostReason reason);
    void lose_unnamed(LostReason reason);
    [[nodiscard]] LostReason why_lost() const { return late_ ? LostReason::kBeganBefore : LostReason::kGap; }

    ReaderContext context_;
    Kind kind_{};
    Role role_ = Role::kServer;
    Order order_ = Order::kKnown;
    bool late_ = false;
    RingQueue<PendingCommand, kMostOfClient> open_;
    std::size_t answered_ = 0;  // of the open ones, which are held back
    std::size_t held_ = 0;      // the last ones of these, which wait for their outcome
    std::uint64_t started_ = 0;
    std::uint64_t lost_waiting_ = 0;  // commands that were lost, and whose replies may still come
};

}  // namespace footfall
