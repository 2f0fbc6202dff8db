// Finds where the messages of one HTTP/1 stream begin and end: one direction of one connection.
//
// It is pulled: advance() consumes bytes up to the next thing that its owner has to know or decide, and says which (Step).
// Start lines are read by start_line.h. Of the header block only the lines that decide where the body ends
// (Content-Length, Transfer-Encoding) are given to llhttp, which judges them and decodes chunks; the rest is skipped line by
// line, so a head costs about as much as finding its line ends, and what other lines contain is the application's business.
//
// Bytes that passed unseen go through skip(). In a body they cost the same whatever their number is. Where they carried the
// border of a chunk the body goes on unframed: its end is then the terminal chunk at the end of a piece of bytes (or in
// front of the next message), which is within the captured tail of the call that sent it.
#pragma once

#include <llhttp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/http2/grpc.h"
#include "agent/protocols/http2/header_block.h"
#include "agent/protocols/http_bodies/body_reader.h"
#include "agent/protocols/protocol.h"

namespace footfall::http1 {

constexpr std::size_t kHeadLimit = 65536;  // start line and header block

enum class MessageKind : std::uint8_t { kRequest, kResponse };

// What message begins with the whole line that bytes begin with.
[[nodiscard]] std::optional<MessageKind> kind_of_message(std::string_view bytes);

class MessageFramer {
public:
    enum class Step : std::uint8_t {
        kMore,     // everything was consumed
        kLine,     // line() is the start line: answer with begin_head() or lose()
        kHead,     // the head is complete: answer with one of begin_…(), end_message() or lose()
        kEnd,      // the body is complete, the next message may follow
        kGap,      // skip() only: the gap is not in a body, so it carried (part of) a head
        kBroken,   // these bytes are not HTTP/1: answer with lose()
        kTooLong,  // the head is longer than kHeadLimit: answer with lose()
    };
    enum class Phase : std::uint8_t {
        kOutOfStep,  // ignores what comes until start()
        kBetween,    // in front of a message
        kLine,
        kHead,
        kLengthBody,
        kChunkedBody,
        kUnframedBody,  // chunked, and out of step with the chunks
        kEndlessBody,   // until the stream ends
    };

    // Consumes from bytes, which shrinks from its front. line() is valid until the next call.
    Step advance(std::string_view& bytes, bool message_start, const Stamp& stamp);
    // The same for length bytes that passed unseen.
    Step skip(std::uint64_t& length, const Stamp& stamp);

    void start();  // a message begins with the next byte
    // Out of step, at the start of a call: what its bytes, behind what may be the same line in calls before, are the start
    // line of. Answer with start_here() if that is what is looked for.
    [[nodiscard]] std::optional<MessageKind> find_line(std::string_view bytes, const Stamp& stamp);
    // The message begins with that line.
    void start_here();
    void lose();   // out of step from here on
    void reset();  // as new, but keeps its buffer if that is small

    void begin_head(MessageKind kind);
    void begin_body(std::uint64_t length);
    void begin_chunked_body();
    // Who is shown the body of the present message, up to its end or the first gap. It outlives that.
    void show_body(BodyReader* reader) { body_reader_ = reader; }
    void begin_endless_body() { phase_ = Phase::kEndlessBody; }
    void end_message() { phase_ = Phase::kBetween; }

    [[nodiscard]] Phase phase() const { return phase_; }
    [[nodiscard]] bool in_step() const { return phase_ != Phase::kOutOfStep; }
    [[nodiscard]] std::string_view line() const { return line_; }
    // The start line as far as it came; in phase kLine.
    [[nodiscard]] std::string_view first_line() const { return line_.empty() ? std::string_view(pending_) : line_; }
    // What the head says about the body; from kHead on.
    [[nodiscard]] bool chunked() const { return (parser_.flags & F_CHUNKED) != 0; }
    [[nodiscard]] bool transfer_encoded() const { return (parser_.flags & F_TRANSFER_ENCODING) != 0; }
    [[nodiscard]] bool has_length() const { return (parser_.flags & F_CONTENT_LENGTH) != 0; }
    [[nodiscard]] std::uint64_t length() const { return parser_.content_length; }
    // The head has the line "Upgrade: h2c": to HTTP/2 without TLS (RFC 7540 §3.2). One that came in pieces is not noticed.
    [[nodiscard]] bool upgrades_to_http2() const { return upgrade_ == Upgrade::kHttp2; }
    // Whether a line of it is one of those that open a WebSocket connection, and came in one piece.
    [[nodiscard]] bool names_websocket() const { return upgrade_ == Upgrade::kWebSocket; }
    // What the head's content-type says, and its grpc-status. A line that came in pieces is noticed if it is not long.
    [[nodiscard]] http2::Content content() const { return content_; }
    [[nodiscard]] std::uint16_t grpc_status() const { return grpc_status_; }  // http2::kNoGrpcStatus: it has none
    // A body of known length of which nothing came yet.
    [[nodiscard]] bool body_untouched() const {
        return phase_ == Phase::kLengthBody && remaining_ == parser_.content_length;
    }

    [[nodiscard]] const Stamp& begin() const { return begin_; }   // first byte of the present message
    [[nodiscard]] MonotonicTime last() const { return last_; }    // latest byte of the stream
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of the present message so far

private:
    enum class Upgrade : std::uint8_t { kUntold, kWebSocket, kHttp2 };  // what a head's lines ask for or agree to

    Step read_between(std::string_view& bytes, const Stamp& stamp);
    Step read_line(std::string_view& bytes);
    Step read_head(std::string_view& bytes);
    void note_line(std::string_view piece, bool begins, bool ends);
    void note_content(std::string_view line);
    llhttp_errno_t judge(std::string_view piece);
    Step read_length_body(std::uint64_t& length);
    Step read_chunks(std::string_view& bytes);
    Step read_unframed(std::string_view& bytes, bool message_start);
    Step skip_chunk(std::uint64_t& length);
    void show(std::string_view piece) {
        if (body_reader_ != nullptr) body_reader_->read(piece);
    }
    void lose_body();
    static const llhttp_settings_t* parser_settings();
    static int enter_chunk(llhttp_t* parser);
    static int leave_chunk(llhttp_t* parser);
    static int take_chunk(llhttp_t* parser, const char* piece, std::size_t length);
    static const llhttp_t& parser_in_head(MessageKind kind);
    void consume(std::string_view& bytes, std::size_t count);
    void hold(std::string_view bytes, const Stamp& stamp);
    [[nodiscard]] std::size_t terminal_chunk_end(std::string_view bytes) const;
    void keep_window(std::string_view bytes);
    void release_line();

    static constexpr std::size_t kWindow = 6;  // one less than the terminal chunk with the line end in front of it

    llhttp_t parser_{};
    BodyReader* body_reader_ = nullptr;
    std::string pending_;  // a line that came in pieces: a start line, or one of the head; out of step, what may be one
    std::string_view line_;
    Stamp begin_;
    MonotonicTime last_;
    std::uint64_t bytes_ = 0;
    std::uint64_t remaining_ = 0;  // kLengthBody
    Phase phase_ = Phase::kBetween;
    MessageKind kind_ = MessageKind::kRequest;
    bool at_line_start_ : 1 = true;  // kHead: the next byte is the first of a line
    bool parser_begun_ : 1 = false;  // kHead: llhttp has got a line of this head
    bool line_matters_ : 1 = false;  // kHead: the present line goes to llhttp
    bool in_chunk_ : 1 = false;      // kChunkedBody: the bytes of a chunk are due
    Upgrade upgrade_ = Upgrade::kUntold;
    http2::Content content_ = http2::Content::kUntold;
    std::uint16_t grpc_status_ = http2::kNoGrpcStatus;
    std::uint8_t window_size_ = 0;
    std::array<char, kWindow> window_{};  // kUnframedBody: the latest bytes
};

}  // namespace footfall::http1
