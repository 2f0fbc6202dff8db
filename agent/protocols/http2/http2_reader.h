// Reads HTTP/2 (RFC 9113), and gRPC on it, on one connection: frames both streams, reads their header blocks, and pairs the
// two halves of each stream. Times, ownership and threads are those of ProtocolReader.
//
// What is counted, where the protocol leaves room:
// - An exchange is a stream that the client opened. It begins with the first byte of its HEADERS, and is complete when both
//   ends have ended it; its `end` is the last byte of the frame that ended the response. A streaming call is one exchange.
// - bytes are those of the stream's HEADERS, CONTINUATION and DATA frames, with their headers and padding.
// - Interim responses (1xx) belong to the exchange by their bytes; first_byte and status are the final response's.
// - What RST_STREAM ends after the whole response is complete. Else it is an error of that code's name; for gRPC of the
//   status that stands for it. Streams above the last one of a server's GOAWAY end as "goaway", UNAVAILABLE for gRPC.
// - It is gRPC if a content-type says so, or a grpc-status is there; its outcome is grpc-status, and that is all of it.
//   Where both are hidden (below): if the request's body begins with a message of gRPC, and the response ends with fields.
// - gRPC-Web is gRPC too; its trailers are in the body, see GrpcWebTrailers.
// - What the body of a POST calls (http_bodies/body_call.h) is told from its first DATA frames.
// - Pushed responses (PUSH_PROMISE) are nobody's request and not counted. Of CONNECT the target is not read.
// - Which direction carries the requests is told by the preface, or by the pseudo-header fields of the first block.
//
// What is not known is not guessed. A field that refers to a part of the HPACK table which was filled before footfall came,
// or in a gap, is unknown (HpackTable): such an exchange has the target "{unknown}", the method "_OTHER" if that is unknown
// too, and the outcome unknown if its status is. Names come back as the peer's encoder sends new ones, in new connections at
// the latest.
//
// What a gap does (bytes that passed unseen):
// - In the body of a DATA frame: nothing, but that what the body calls is unknown, unless enough of it came before. In a
//   header block: what came before the gap is read, the table is unknown from then on. Elsewhere the direction is out of
//   step until a message starts with frames that can be, or the captured end of a message is whole frames.
// - While requests were out of step, streams may have ended their requests: they are taken for ended. Streams that the
//   gap opened are lost (kGap); the stream numbers tell how many, as clients leave none out.
// - While responses were out of step, streams that were open may have ended: they are doubtful until a later frame of theirs
//   is seen. A doubtful one is lost (kGap) when the connection ends, or when its place is needed.
// - On a connection older than footfall, responses to streams below the first request are lost (kBeganBefore).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/framing/length_framer.h"
#include "agent/protocols/http2/frame.h"
#include "agent/protocols/http2/header_block.h"
#include "agent/protocols/http2/hpack_table.h"
#include "agent/protocols/http2/open_streams.h"
#include "agent/protocols/protocol.h"

namespace footfall::http2 {

class Http2Reader final : public ProtocolReader {
public:
    explicit Http2Reader(const ReaderContext& context) { restart(context); }

    void on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) override;
    void on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) override;
    void on_end_of_stream(Direction direction, const Stamp& stamp) override;
    void on_close(CloseReason reason, MonotonicTime time) override;
    void on_session_end(MonotonicTime time) override;
    [[nodiscard]] Standing standing() const override { return standing_; }
    void restart(const ReaderContext& context) override;

    // The connection spoke HTTP/1 and agreed on HTTP/2 by this request (RFC 7540 §3.2), which stream 1 will answer. Its
    // kind, role, method, target, begin and bytes count.
    void begin_upgraded(const Exchange& request);

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const override { return started_; }

private:
    // A header block: HEADERS or PUSH_PROMISE, with its CONTINUATIONs.
    struct Block {
        FrameHeader first;  // of the first frame
        Stamp began;
        std::uint64_t bytes = 0;
        bool whole = true;
    };
    // One direction.
    struct Side {
        LengthFramer framer{kFrameHeaderSize};
        HpackTable table;
        FrameHeader frame;  // whose body is being read
        Block block;        // that CONTINUATION will go on with, if …
        bool in_block = false;
        std::string fragments;          // … its bytes so far
        std::uint8_t preface_read = 0;  // bytes of the preface that have come
        bool at_start = false;          // nothing has come yet
        bool unseen = false;            // blocks may have passed unseen since the latest request that was seen
        std::uint32_t frame_limit = 0;  // the largest body that the other end said it takes; 0: it was not seen to say
    };
    // Why everything that is open ends now. No reason: the session ends, not the connection.
    struct Ending {
        std::optional<CloseReason> reason;
        MonotonicTime time;
    };

    void take_preface(Direction direction, std::string_view& bytes);
    void read_frames(Direction direction, std::string_view bytes, const Stamp& stamp);
    void take_header(Direction direction);
    void take_frame(Direction direction);
    void take_block_frame(Direction direction);
    void take_continuation(Direction direction);
    void take_block(Direction direction, const Block& block, std::string_view bytes);
    std::size_t wanted_of_data(Direction direction, std::uint32_t id);
    void take_data(Direction direction);
    void take_request_data(OpenStream& stream, const Side& from);
    void take_reset(std::uint32_t id, std::string_view body, MonotonicTime time);
    void take_settings(Direction direction);
    void take_goaway(Direction direction, std::string_view body);
    void find_frames(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp);
    void break_off(Direction direction);
    void lose_step(Direction direction);
    void pass_unseen(Direction direction);
    void doubt_all();

    void take_request_block(const Block& block, const Head& head);
    void take_response_block(const Block& block, const Head& head, MonotonicTime last);
    void take_response_fields(OpenStream& stream, const Head& head, MonotonicTime begin);
    OpenStream* stream_of_response(std::uint32_t id, const Head& head);
    OpenStream* open_request(std::uint32_t id);
    void begin_request(OpenStream& stream, const Block& block, const Head& head);
    void note_streams_up_to(std::uint32_t id);

    void end_request(OpenStream& stream);
    void end_response(OpenStream& stream, MonotonicTime time);
    void settle(OpenStream& stream);
    void cut(OpenStream& stream, std::string_view error, std::string_view grpc_error, MonotonicTime time);
    void finish_all(const Ending& ending);
    void finish(OpenStream& stream, const Ending& ending);
    void hand_out(const OpenStream& stream, std::string_view cut);
    void lose(OpenStream& stream, LostReason reason);
    void lose_now(LostReason reason, std::uint32_t count = 1);
    bool make_room();

    void fix_role(Direction requests);
    void confirm() {
        if (standing_ == Standing::kGuessed) standing_ = Standing::kConfirmed;
    }
    [[nodiscard]] std::uint32_t frame_limit(const Side& side) const;
    [[nodiscard]] bool carries_requests(Direction direction) const { return requests_ == direction; }
    Side& side(Direction direction) { return sides_[static_cast<std::size_t>(direction)]; }

    ReaderContext context_;
    std::array<Side, 2> sides_;  // by direction
    OpenStreams open_;
    std::uint64_t started_ = 0;
    Standing standing_ = Standing::kGuessed;
    std::optional<Direction> requests_;  // which direction carries them; unset until something tells
    std::uint32_t next_stream_ = 0;      // the least that a new request can have; 0: any
    std::uint32_t first_seen_ = 0;       // the first that a request was seen of …
    bool late_ = false;                  // … on a connection where there may be earlier ones
    bool responses_passed_ = false;      // out of step, since the latest request
    std::uint32_t failures_ = 0;         // messages in a row that no frame could be found in
};

}  // namespace footfall::http2
