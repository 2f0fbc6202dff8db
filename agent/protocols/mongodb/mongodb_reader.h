// Reads MongoDB's wire protocol on one connection: OP_MSG, and the operations before it (OP_QUERY, OP_REPLY, …), which
// drivers still use to say hello. Pairs by responseTo. Names and outcomes: message.h. Times, ownership and threads are those
// of ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - Each command is a use, those of the handshake (hello, saslStart) and of monitoring too.
// - A request that asks for no response (moreToCome, OP_INSERT, …) is a use that is ok at its last byte.
// - Where one request gets many responses (exhaust: hello that streams, cursors), the use ends with the first; the further
// ones
//   are nobody's, and so is a response to who asked for none.
//
// Compressed messages (OP_COMPRESSED) can't be read. Who has agreed to compress compresses all that matters, so the first
// one makes the connection a blind spot.
//
// What a gap does: in a body, nothing but that the rest of it is not looked at: a request whose command is in the gap is
// lost. In a header: the stream is out of step until a message starts with a plausible header. Requests in the gap are known
// by their responses: each is lost. Those that wait while responses pass unseen are in doubt (by_id.h), until a response
// answers what was asked after the gap: servers answer the requests of one connection one after the other. A response
// without a request is lost itself: kBeganBefore before the first request of a connection that was open before footfall
// came, else kGap.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/mongodb/message.h"
#include "agent/protocols/pairing/by_id.h"
#include "agent/protocols/protocol.h"

namespace footfall::mongodb {

class MongodbReader final : public ProtocolReader {
public:
    explicit MongodbReader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override;
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime) override { open_.session_end(); }
    [[nodiscard]] Standing standing() const override { return open_.standing(); }
    void restart(const ReaderContext& context) override;

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return open_.started(); }

private:
    using Step = LengthFramer::Step;

    struct Side {
        LengthFramer framer{kHeaderSize};
        Header header;  // of the present message
    };

    Side& side(Direction direction) { return sides_[static_cast<std::size_t>(direction)]; }
    void take(Direction direction, Step step);
    void take_header(Direction direction);
    void take_message(Direction direction);
    void take_request(const Side& side);
    void name_request(const Side& side, OpenRequest& request);
    void take_response(const Side& side);
    void lose_unasked(const Header& header);
    void pass_unseen(Direction direction);
    void break_off();
    void settle_partial_request();

    std::array<Side, 2> sides_;  // by direction
    ById open_;
    bool opened_before_ = false;
    bool request_seen_ = false;
    // What has been answered as far as it counts: a response to one of these is nobody's.
    std::optional<std::uint32_t> unacknowledged_;  // the last request that asked for none
    std::optional<std::uint32_t> streaming_;       // the request whose responses go on …
    std::uint32_t streamed_ = 0;                   // … and the last one of them, which servers name instead
};

}  // namespace footfall::mongodb
