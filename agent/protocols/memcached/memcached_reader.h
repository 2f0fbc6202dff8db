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
// by a reply that fits, or by a storage command with its data on a connection that is known from its start. Unknown commands
// are in many protocols, and errors answer them: they are handed out once another command confirms the guess. On a
// connection that is known from its start, a reply that does not fit refutes it.
//
// Late attach and gaps: pairing/command_streams.h. A reply that fits no command that waits proves the order wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/memcached/message_framer.h"
#include "agent/protocols/pairing/command_streams.h"
#include "agent/protocols/protocol.h"

namespace footfall::memcached {

// What CommandStreams has to know of memcached.
struct MemcachedStreams {
    using Framer = MessageFramer;
    static constexpr Kind kKind = Kind::kMemcached;
    static constexpr std::string_view kEnds{};
    static bool begins_request(std::string_view bytes) { return begins_with_request(bytes); }
    static bool begins_reply(std::string_view bytes) { return begins_with_reply(bytes); }
    static bool may_go_on(std::string_view bytes) {
        return is_binary(bytes.front()) ? bytes.size() < kBinaryHeader : bytes.find('\n') == std::string_view::npos;
    }
    static bool begins_anywhere(std::string_view bytes) { return is_binary(bytes.front()); }
    static bool is_no_request(std::string_view bytes) { return begins_with_reply(bytes); }
};

class MemcachedReader final : public ProtocolReader {
public:
    explicit MemcachedReader(const ReaderContext& context) { restart(context); }

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
    using Streams = CommandStreams<MemcachedStreams>;

    void take(Streams::Came came);
    void on_request();
    void on_reply();
    void on_early_reply(const Reply& reply);
    [[nodiscard]] std::optional<std::size_t> place_of(const Reply& reply);
    void confirm();
    void answer(std::size_t place, bool held = false);
    void disprove();
    void on_cut_reply();

    Streams streams_;
};

}  // namespace footfall::memcached
