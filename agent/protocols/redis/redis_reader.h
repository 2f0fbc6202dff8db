// Reads RESP2 and RESP3 (Redis, Valkey, KeyDB …) on one connection: cuts both streams into messages, finds out which of them
// carries the requests, and pairs commands with replies in order. Times, ownership and threads are those of ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - A command is named out of commands.def, with its subcommand; whatever is not in there is _OTHER. Keys and values are not
//   looked at. An error is the first word of the error reply.
// - One command is one use, also where it is answered by +QUEUED (MULTI); EXEC is one itself. What a script calls is none.
// - What is pushed (messages, invalidations, MONITOR's lines) is no use and takes no command's place: RESP3 says which
//   messages are pushed; in RESP2 it is arrays that begin with "message", "pmessage" or "smessage" on a connection that
//   subscribes. (P|S)SUBSCRIBE is answered by its confirmations, one for each channel, and is one use with the last of them.
// - Commands without a reply (CLIENT REPLY OFF and SKIP) are used as soon as they have come; their outcome is unknown.
// - PSYNC and SYNC are one use; what follows replicates, and is not looked at any more.
// - SHUTDOWN is answered by the end of the connection.
//
// Roles. A connection known from its start begins with a request. One that is older is a guess: a message that begins with a
// command that is known is a request. It is confirmed by a reply in the other direction, unless that could be a request as
// well (an array of strings may be either): then the guess starts over. Bytes that are no RESP refute it.
//
// Order: that of pairing/resumed_order.h, which finds it again after late attach and gaps.
//
// What a gap does (bytes that passed unseen; those inside of a string are skipped by its length, and do nothing):
// - In requests: at least one is lost. Those that waited before it are answered still; then the order is lost.
// - In replies: all that wait are lost, and the order is lost.
// - But where it is a long message of replies of which only both ends were captured, all that wait are used as soon as the
//   next request comes, and end with the last byte before it: the first as what its reply began with, the others with an
//   unknown outcome. From there on the order is assumed.
// - Replies that belong to none, while the order is lost, are lost commands themselves, less those that were counted so.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/pairing/resumed_order.h"
#include "agent/protocols/protocol.h"
#include "agent/protocols/redis/resp_framer.h"
#include "agent/protocols/redis/subscriptions.h"

namespace footfall::redis {

class RedisReader final : public ProtocolReader {
public:
    explicit RedisReader(const ReaderContext& context) { restart(context); }

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
    using Step = RespFramer::Step;

    void find_feet(Direction direction, std::string_view bytes);
    void find_roles(Direction direction, std::string_view bytes);
    void on_late_stream(Direction direction);
    void begin_request_message(std::string_view bytes);
    void begin_reply_message(std::string_view bytes);
    void fix_roles(Direction requests);

    void take(Direction direction, Step step);
    void on_request();
    void ask(Command command);
    [[nodiscard]] bool expects_no_reply(Command command);

    void on_reply();
    [[nodiscard]] bool may_be_request(const RespFramer& reply) const;
    [[nodiscard]] bool is_pushed(const RespFramer& reply);
    void on_pushed();
    void confirm_subscription(PendingCommand& open);
    void answer(PendingCommand& open);
    void on_unasked_reply();
    [[nodiscard]] bool replicates(std::string_view& bytes, const Stamp& stamp);

    void end(std::optional<CloseReason> reason, MonotonicTime time);
    void give_up(Direction direction, LostReason reason);
    void cut_replies(std::uint64_t unseen);
    void finish_cut_replies();
    void start_over();
    void strike();
    void refute();
    void stop_reading();

    [[nodiscard]] bool is_request(Direction direction) const { return requests_ == direction; }
    [[nodiscard]] bool is_confirmed() const { return standing_ == Standing::kConfirmed; }
    RespFramer& framer(Direction direction) { return framers_[static_cast<std::size_t>(direction)]; }
    RespFramer& request_framer() { return framer(*requests_); }
    RespFramer& reply_framer();

    ReaderContext context_;
    std::array<RespFramer, 2> framers_;  // by direction
    std::array<bool, 2> bytes_seen_{};   // by direction
    std::optional<Direction> requests_;  // which direction carries them
    ResumedOrder order_;
    Subscriptions subscriptions_;
    Standing standing_ = Standing::kGuessed;
    std::uint8_t strikes_ = 0;  // messages that fit no guess
    bool late_ = false;         // the streams began before footfall did
    bool replies_cut_ = false;  // those waiting are being answered by what is not captured
    MonotonicTime reply_last_;  // when the last byte of a reply came
    bool replies_off_ = false;
    bool skip_next_ = false;
    bool monitors_ = false;
    bool over_ = false;  // nothing that follows is looked at
};

}  // namespace footfall::redis
