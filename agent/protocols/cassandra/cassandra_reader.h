// Reads Cassandra's native protocol (CQL) of versions 3 to 5 on one connection: frames, from version 5 on in segments once
// the handshake is over. Pairs by stream. Names and errors: frame.h. Times, ownership and threads are those of
// ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - Each request is a use, those of the handshake too. Events that the server sends by itself are none.
// - bytes are those of frames; what segments add is nobody's.
// - What a prepared statement's id stands for is known on all connections, since drivers prepare on one and execute on
// others.
//
// Compressed connections can't be read: a blind spot. That is known by the handshake; on a connection that was open before,
// by a segment of that layout, or by frames of both directions that say so.
//
// What a gap does: in a body, nothing but that the rest of it is not looked at: a request whose statement is in the gap is
// lost. In a header: the stream is out of step until a message starts with a plausible header; in segments, until a segment
// starts (its checksum is right) that holds whole frames. Requests in the gap are known by their responses: each is lost.
// Those that wait while responses pass unseen are in doubt (by_id.h); a stream that is used again was answered. A response
// without a request is lost itself: kBeganBefore on a connection that was open before footfall came, else kGap.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/cassandra/frame.h"
#include "agent/protocols/cassandra/segments.h"
#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/pairing/by_id.h"
#include "agent/protocols/protocol.h"

namespace footfall::cassandra {

class CassandraReader final : public ProtocolReader {
public:
    explicit CassandraReader(const ReaderContext& context) { restart(context); }

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
        LengthFramer framer{kFrameHeader};
        Segments segments;
        Header header;                 // of the present frame
        bool compressed_seen = false;  // a whole frame
    };

    Side& side(Direction direction) { return sides_[static_cast<std::size_t>(direction)]; }
    void look_for_start(Side& side, std::string_view bytes);
    // Up to the last byte, or to where frames begin to come in segments.
    void read(Direction direction, std::string_view& bytes, const Stamp& stamp);
    void read_segment(Direction direction, std::string_view& bytes, const Stamp& stamp);
    void skip_segment(Direction direction, std::uint64_t& length, const Stamp& stamp);
    void lose_step(Direction direction);
    void take(Direction direction, Step step);
    void take_header(Direction direction);
    void take_frame(Direction direction);
    void take_compressed(Side& side);
    void take_request(const Side& side);
    void name_request(const Side& side, OpenRequest& request);
    void take_response(const Side& side);
    void finish_handshake(const Header& header);
    void keep_prepared(const OpenRequest& request, std::string_view id);
    void pass_unseen(Direction direction);
    void break_off();
    void settle_partial_request();

    std::array<Side, 2> sides_;  // by direction
    ById open_;
    bool opened_before_ = false;
    bool segmented_ = false;
    bool compression_agreed_ = false;
    bool requests_unseen_ = false;  // some passed in a gap
    PreparedNames* prepared_ = nullptr;
    std::unique_ptr<PreparedNames> own_prepared_;  // where connections share none
    std::string text_;                             // of names
};

}  // namespace footfall::cassandra
