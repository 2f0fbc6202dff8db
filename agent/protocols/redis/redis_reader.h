// Reads RESP2 and RESP3 (Redis, Valkey, KeyDB …) on one connection: cuts both streams into messages, finds out which of them
// carries the requests, and pairs commands with replies in order. Times, ownership and threads are those of ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - A command is named out of commands.def, with its subcommand; whatever is not in there is _OTHER. Keys and values are not
//   looked at. An error is the first word of the error reply.
// - One command is one use, also where it is answered by +QUEUED (MULTI); EXEC is one itself. What a script calls is none.
// - A queued command takes from its request to +QUEUED. It is handed out with its transaction's end: as an error where its
//   value in EXEC's answer is one, of unknown outcome where the answer, or MULTI, was not seen, else ok, also if nothing was
//   executed (DISCARD, WATCH, EXECABORT: that is EXEC's own error).
// - What is pushed (messages, invalidations, MONITOR's lines) is no use and takes no command's place: RESP3 says which
//   messages are pushed; in RESP2 it is arrays that begin with "message", "pmessage" or "smessage" on a connection that
//   subscribes. (P|S)SUBSCRIBE is answered by its confirmations, one for each channel, and is one use with the last of them.
// - Commands without a reply (CLIENT REPLY OFF and SKIP) are used as soon as they have come; their outcome is unknown.
// - PSYNC and SYNC are one use; what follows replicates, and is not looked at any more.
// - SHUTDOWN is answered by the end of the connection.
//
// Roles, order and gaps: pairing/command_streams.h. A guess is confirmed by a command that is known, on a connection known
// from its start, else by a reply, unless that could be a request as well (an array of strings may be either): then it
// starts over.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/pairing/command_streams.h"
#include "agent/protocols/protocol.h"
#include "agent/protocols/redis/resp_framer.h"
#include "agent/protocols/redis/subscriptions.h"

namespace footfall::redis {

// What CommandStreams has to know of RESP.
struct RespStreams {
    using Framer = RespFramer;
    static constexpr Kind kKind = Kind::kRedis;
    static constexpr std::string_view kEnds = "SHUTDOWN";
    static bool begins_request(std::string_view bytes) { return begins_with_known_command(bytes); }
    static bool begins_reply(std::string_view bytes) { return begins_with_reply(bytes); }
    // A command is known by its first three lines, a line by itself.
    static bool may_go_on(std::string_view bytes) {
        return std::count(bytes.begin(), bytes.end(), '\n') < (bytes.front() == '*' ? 3 : 1);
    }
    static bool begins_anywhere(std::string_view) { return false; }
    static bool is_no_request(std::string_view bytes) {
        return std::string_view("+-:$_,(#!=>%~|").find(bytes.front()) != std::string_view::npos;
    }
};

class RedisReader final : public ProtocolReader {
public:
    explicit RedisReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override { streams_.on_end_of_stream(direction, stamp); }
    void on_close(CloseReason reason, MonotonicTime time) override { streams_.end(reason, time); }
    void on_session_end(MonotonicTime time) override { streams_.end(std::nullopt, time); }
    [[nodiscard]] Standing standing() const override { return streams_.standing(); }
    void restart(const ReaderContext& context) override { streams_.restart(context); }

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return streams_.order().started(); }

private:
    using Streams = CommandStreams<RespStreams>;

    // What commands have made of the connection.
    struct Mode {
        Subscriptions subscriptions;
        bool replies_off = false;
        bool skip_next = false;
        bool monitors = false;
        bool in_transaction = false;  // MULTI succeeded, and nothing has ended it
    };

    void take(Streams::Came came);
    void on_request();
    [[nodiscard]] bool expects_no_reply(Command command);

    void on_reply();
    [[nodiscard]] bool may_be_request(const RespFramer& reply) const;
    [[nodiscard]] bool is_pushed(const RespFramer& reply);
    void on_pushed();
    void confirm_subscription(PendingCommand& open);
    void answer(PendingCommand& open);
    void follow_transaction(PendingCommand& open);
    void end_transaction();
    void give_up_transaction();
    void judge_queued();
    void on_unasked_reply();
    void on_cut_reply();
    [[nodiscard]] bool replicates(std::string_view& bytes, const Stamp& stamp);
    void stop_reading();

    Streams streams_;
    Mode mode_;
};

}  // namespace footfall::redis
