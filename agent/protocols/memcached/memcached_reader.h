// Reads memcached's text, meta and binary protocol on one connection: cuts both streams into messages, and pairs commands
// with replies in order, and by what replies say of it. Times, ownership and threads are those of ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - A command is one use, whatever number of keys it asks for. Names are those of the text protocol, in the binary one too
//   (getq, getk: get); what is unknown is _OTHER. Keys and values are not looked at, but to tell which of several quiet
//   commands a reply is for.
// - Errors are ERROR, CLIENT_ERROR, SERVER_ERROR, or the status of a binary reply by name. A miss, a key that exists, and
// what
//   was not stored are none, in either protocol.
// - Commands that nothing answers (noreply, quit) are used as soon as they have come; their outcome is unknown.
// - A quiet command (q, getq, setq …) whose reply does not come is ok as soon as a command behind it is answered, and of
//   unknown outcome where the connection ends before. A reply is for the oldest command that it fits: by its kind, by what
//   that command keeps quiet, and by the opaque (or the key, with k). A quiet command that asks for neither can't be told
//   apart from another of its kind, by its client either.
// - What follows `watch` is a log, and is not looked at.
//
// Roles are told by the bytes: commands are lower-case words or have the magic 0x80, replies neither. A guess is confirmed
// by a reply that fits, or by a storage command with its data on a connection that is known from its start.
//
// Late attach and gaps: the order of pairing/resumed_order.h. A reply that fits no command that waits proves the order
// wrong. Of a long message of replies of which only both ends were captured, all that wait are used when the next request
// comes, and end with the last byte before it: the first as what its reply began with, the others with an unknown outcome.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/memcached/message_framer.h"
#include "agent/protocols/pairing/resumed_order.h"
#include "agent/protocols/protocol.h"

namespace footfall::memcached {

class MemcachedReader final : public ProtocolReader {
public:
    explicit MemcachedReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override;
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime time) override;
    [[nodiscard]] Standing standing() const override { return standing_; }
    void restart(const ReaderContext& context) override;

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const { return order_.started(); }

private:
    using Step = MessageFramer::Step;

    void find_feet(Direction direction, std::string_view bytes);
    void find_roles(Direction direction, std::string_view bytes);
    void begin_request_message(std::string_view bytes);
    void take(Direction direction, Step step);

    void on_request();
    void on_reply();
    [[nodiscard]] std::optional<std::size_t> place_of(const Reply& reply);
    void answer(std::size_t place);
    void disprove();

    void end(std::optional<CloseReason> reason, MonotonicTime time);
    void give_up(Direction direction, LostReason reason);
    [[nodiscard]] bool begins_to_answer();
    [[nodiscard]] bool may_cut();
    void cut_replies(std::uint64_t unseen);
    void finish_cut_replies();
    void start_over();
    void strike();

    [[nodiscard]] bool is_request(Direction direction) const { return requests_ == direction; }
    [[nodiscard]] bool is_reply(Direction direction) const { return requests_ && requests_ != direction; }
    [[nodiscard]] bool is_confirmed() const { return standing_ == Standing::kConfirmed; }
    MessageFramer& framer(Direction direction) { return framers_[static_cast<std::size_t>(direction)]; }
    MessageFramer& request_framer() { return framer(*requests_); }
    MessageFramer& reply_framer();

    ReaderContext context_;
    std::array<MessageFramer, 2> framers_;  // by direction
    std::array<bool, 2> bytes_seen_{};      // by direction
    std::optional<Direction> requests_;     // which direction carries them
    ResumedOrder order_;
    Standing standing_ = Standing::kGuessed;
    std::uint8_t strikes_ = 0;  // messages that fit no guess
    bool late_ = false;         // the streams began before footfall did
    bool replies_cut_ = false;  // those waiting are being answered by what is not captured
    bool over_ = false;         // nothing that follows is looked at
    MonotonicTime reply_last_;  // when the last byte of a reply came
};

}  // namespace footfall::memcached
