#include "agent/protocols/http1/message_framer.h"

#include <algorithm>

#include "agent/protocols/http1/start_line.h"
#include "agent/protocols/http2/grpc_web.h"

namespace footfall::http1 {
namespace {

constexpr std::string_view kTerminalChunk = "\r\n0\r\n\r\n";  // with the end of the chunk before it
constexpr std::size_t kLineEnd = 2;
constexpr std::size_t kTelling = 8;         // the letter that tells content-Length from its kin
constexpr std::size_t kHeldLimit = 4096;    // of what may be a start line in pieces
constexpr std::size_t kNotedLimit = 256;    // of a line of the head in pieces
constexpr std::size_t kKeptCapacity = 512;  // a longer line's buffer is given back

int pause(llhttp_t*) { return HPE_PAUSED; }
llhttp_t parser_after(const llhttp_settings_t* settings, llhttp_type_t type, std::string_view line) {
    llhttp_t parser;
    llhttp_init(&parser, type, settings);
    llhttp_set_lenient_headers(&parser, 1);
    llhttp_set_lenient_chunked_length(&parser, 1);
    llhttp_set_lenient_transfer_encoding(&parser, 1);
    llhttp_execute(&parser, line.data(), line.size());
    return parser;
}

char lower(char c) { return static_cast<char>(c | 0x20); }

// Whether a header line may be Content-Length or Transfer-Encoding, as far as these bytes of it can tell.
bool may_frame(std::string_view line) {
    if (lower(line.front()) == 'c') return line.size() <= kTelling || lower(line[kTelling]) == 'l';
    if (lower(line.front()) == 't') return line.size() < 2 || lower(line[1]) == 'r';
    return false;
}

bool is_upgrade_to_http2(std::string_view line) {
    constexpr std::string_view kLine = "upgrade: h2c";
    const auto same = [](char wanted, char c) { return wanted == lower(c); };
    return line.size() > kLine.size() && std::equal(kLine.begin(), kLine.end(), line.begin(), same) &&
           (line[kLine.size()] == '\r' || line[kLine.size()] == '\n');
}

// Sec-WebSocket-Key, Sec-WebSocket-Accept (RFC 6455 §4).
bool is_websocket_line(std::string_view line) {
    constexpr std::string_view kPrefix = "sec-websocket-";
    constexpr std::size_t kTellingLetter = 4;
    if (line.size() < kPrefix.size() || lower(line[kTellingLetter]) != 'w') return false;
    return std::equal(kPrefix.begin(), kPrefix.end(), line.begin(), [](char a, char b) { return a == lower(b); });
}

// Whether a line of the head may be Content-Type or grpc-status.
bool may_tell_call(std::string_view line) {
    if (lower(line.front()) == 'c') return line.size() <= kTelling || lower(line[kTelling]) == 't';
    return lower(line.front()) == 'g';
}

bool is_line_end(char c) { return c == '\r' || c == '\n'; }
bool is_empty_line(std::string_view line) { return line == "\r\n" || line == "\n"; }
bool is_fold(char c) { return c == ' ' || c == '\t'; }

}  // namespace

// llhttp's user pointer is the framer, once it reads chunks.
int MessageFramer::enter_chunk(llhttp_t* parser) {
    static_cast<MessageFramer*>(parser->data)->in_chunk_ = parser->content_length > 0;
    return HPE_OK;
}

int MessageFramer::leave_chunk(llhttp_t* parser) {
    static_cast<MessageFramer*>(parser->data)->in_chunk_ = false;
    return HPE_OK;
}

int MessageFramer::take_chunk(llhttp_t* parser, const char* piece, std::size_t length) {
    static_cast<MessageFramer*>(parser->data)->show({piece, length});
    return HPE_OK;
}

const llhttp_settings_t* MessageFramer::parser_settings() {
    static const llhttp_settings_t kSettings = [] {
        llhttp_settings_t value;
        llhttp_settings_init(&value);
        value.on_headers_complete = pause;
        value.on_message_complete = pause;
        value.on_chunk_header = enter_chunk;
        value.on_chunk_complete = leave_chunk;
        value.on_body = take_chunk;
        return value;
    }();
    return &kSettings;
}

// A parser that has read a start line. The real lines are read by start_line.h, which knows methods that llhttp does not.
const llhttp_t& MessageFramer::parser_in_head(MessageKind kind) {
    static const llhttp_t kRequest = parser_after(parser_settings(), HTTP_REQUEST, "POST / HTTP/1.1\r\n");
    static const llhttp_t kResponse = parser_after(parser_settings(), HTTP_RESPONSE, "HTTP/1.1 200 OK\r\n");
    return kind == MessageKind::kRequest ? kRequest : kResponse;
}

std::optional<MessageKind> kind_of_message(std::string_view bytes) {
    const auto line = complete_line(bytes);
    if (!line) return std::nullopt;
    if (parse_request_line(*line)) return MessageKind::kRequest;
    return parse_status_line(*line) ? std::optional(MessageKind::kResponse) : std::nullopt;
}

MessageFramer::Step MessageFramer::advance(std::string_view& bytes, bool message_start, const Stamp& stamp) {
    last_ = stamp.time;
    switch (phase_) {
        case Phase::kOutOfStep:
            bytes = {};
            return Step::kMore;
        case Phase::kBetween:
            return read_between(bytes, stamp);
        case Phase::kLine:
            return read_line(bytes);
        case Phase::kHead:
            return read_head(bytes);
        case Phase::kLengthBody: {
            show(bytes.substr(0, std::min<std::uint64_t>(remaining_, bytes.size())));
            std::uint64_t left = bytes.size();
            const Step step = read_length_body(left);
            bytes.remove_prefix(bytes.size() - left);
            return step;
        }
        case Phase::kChunkedBody:
            return read_chunks(bytes);
        case Phase::kUnframedBody:
            return read_unframed(bytes, message_start);
        case Phase::kEndlessBody:
            show(bytes);
            consume(bytes, bytes.size());
            return Step::kMore;
    }
    __builtin_unreachable();
}

MessageFramer::Step MessageFramer::skip(std::uint64_t& length, const Stamp& stamp) {
    last_ = stamp.time;
    if (length > 0) lose_body();
    switch (phase_) {
        case Phase::kBetween:
        case Phase::kLine:
        case Phase::kHead:
            return Step::kGap;
        case Phase::kLengthBody:
            return read_length_body(length);
        case Phase::kChunkedBody:
            return skip_chunk(length);
        case Phase::kOutOfStep:
            release_line();
            length = 0;
            return Step::kMore;
        case Phase::kUnframedBody:
        case Phase::kEndlessBody:
            window_size_ = 0;
            bytes_ += length;
            length = 0;
            return Step::kMore;
    }
    __builtin_unreachable();
}

void MessageFramer::lose_body() {
    if (body_reader_ != nullptr) body_reader_->lose();
    body_reader_ = nullptr;
}

void MessageFramer::start() {
    phase_ = Phase::kBetween;
    body_reader_ = nullptr;
    release_line();
}

std::optional<MessageKind> MessageFramer::find_line(std::string_view bytes, const Stamp& stamp) {
    const std::size_t held = pending_.size();
    if (held == 0) {
        if (bytes.find('\n') == std::string_view::npos) hold(bytes, stamp);
        return kind_of_message(bytes);
    }
    pending_.append(bytes.substr(0, std::min(bytes.find('\n'), kHeldLimit) + 1));
    const auto kind = kind_of_message(pending_);
    const bool may_go_on = pending_.size() < kHeldLimit && pending_.back() != '\n' && may_be_start_line(pending_);
    if (kind) pending_.resize(held);
    if (kind || may_go_on) return kind;
    release_line();
    return find_line(bytes, stamp);
}

void MessageFramer::hold(std::string_view bytes, const Stamp& stamp) {
    if (bytes.size() >= kHeldLimit || !may_be_start_line(bytes)) return;
    pending_.assign(bytes);
    begin_ = stamp;
}

void MessageFramer::start_here() {
    if (pending_.empty()) return start();
    phase_ = Phase::kLine;
    bytes_ = pending_.size();
}

void MessageFramer::lose() {
    phase_ = Phase::kOutOfStep;
    body_reader_ = nullptr;
    release_line();
}

void MessageFramer::reset() {
    start();
    bytes_ = 0;
    begin_ = {};
    last_ = {};
}

void MessageFramer::begin_head(MessageKind kind) {
    release_line();
    body_reader_ = nullptr;
    parser_.flags = 0;
    parser_begun_ = false;
    kind_ = kind;
    phase_ = Phase::kHead;
    at_line_start_ = true;
    line_matters_ = false;
    upgrade_ = Upgrade::kUntold;
    content_ = http2::Content::kUntold;
    grpc_status_ = http2::kNoGrpcStatus;
}

void MessageFramer::begin_body(std::uint64_t length) {
    remaining_ = length;
    phase_ = Phase::kLengthBody;
}

void MessageFramer::begin_chunked_body() {
    llhttp_resume(&parser_);
    parser_.upgrade = 0;
    parser_.data = this;
    in_chunk_ = false;
    phase_ = Phase::kChunkedBody;
}

MessageFramer::Step MessageFramer::read_between(std::string_view& bytes, const Stamp& stamp) {
    while (!bytes.empty() && is_line_end(bytes.front())) bytes.remove_prefix(1);
    if (bytes.empty()) return Step::kMore;
    begin_ = stamp;
    bytes_ = 0;
    phase_ = Phase::kLine;
    return may_begin_message(bytes.front()) ? read_line(bytes) : Step::kBroken;
}

MessageFramer::Step MessageFramer::read_line(std::string_view& bytes) {
    const std::size_t end = bytes.find('\n');
    if (bytes_ + std::min(end, bytes.size()) > kHeadLimit) return Step::kTooLong;
    const std::string_view piece = bytes.substr(0, end);
    if (end == std::string_view::npos || !pending_.empty()) pending_.append(piece);
    if (end == std::string_view::npos) {
        consume(bytes, bytes.size());
        return Step::kMore;
    }
    line_ = without_carriage_return(pending_.empty() ? piece : std::string_view(pending_));
    consume(bytes, end + 1);
    return Step::kLine;
}

MessageFramer::Step MessageFramer::read_head(std::string_view& bytes) {
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
        if (bytes_ + count > kHeadLimit) return Step::kTooLong;
        const std::string_view piece = bytes.substr(0, count);
        if (at_line_start_ && !is_fold(piece.front())) {
            const bool empty = is_line_end(piece.front());
            if (empty && !parser_begun_ && is_empty_line(piece)) {
                consume(bytes, count);
                return Step::kHead;
            }
            line_matters_ = empty || may_frame(piece);
            if (lower(piece.front()) == 's' && is_websocket_line(piece)) upgrade_ = Upgrade::kWebSocket;
            if (lower(piece.front()) == 'u' && is_upgrade_to_http2(piece)) upgrade_ = Upgrade::kHttp2;
        }
        note_line(piece, at_line_start_, end != std::string_view::npos);
        at_line_start_ = end != std::string_view::npos;
        const llhttp_errno_t result = line_matters_ ? judge(piece) : HPE_OK;
        consume(bytes, count);
        if (result == HPE_PAUSED) return Step::kHead;
        if (result != HPE_OK) return Step::kBroken;
    }
    return Step::kMore;
}

void MessageFramer::note_line(std::string_view piece, bool begins, bool ends) {
    if (begins ? !may_tell_call(piece) : pending_.empty()) return;
    if (begins && ends) return note_content(piece);
    pending_.append(piece.substr(0, kNotedLimit - pending_.size()));
    if (!ends && pending_.size() < kNotedLimit) return;
    if (ends) note_content(pending_);
    release_line();
}

void MessageFramer::note_content(std::string_view line) {
    constexpr std::string_view kContentType = "content-type:";
    const std::size_t end = line.find_last_not_of("\r\n \t");
    line = line.substr(0, end + 1);
    if (const auto status = http2::grpc_status_in(line)) grpc_status_ = *status;
    const auto same = [](char wanted, char c) { return wanted == lower(c) || wanted == c; };
    if (line.size() < kContentType.size() || !std::equal(kContentType.begin(), kContentType.end(), line.begin(), same))
        return;
    line.remove_prefix(kContentType.size());
    content_ = http2::content_of(line.substr(std::min(line.find_first_not_of(" \t"), line.size())));
}

// Most heads of requests have no line for llhttp, so it is set up at the first one.
llhttp_errno_t MessageFramer::judge(std::string_view piece) {
    if (!parser_begun_) parser_ = parser_in_head(kind_);
    parser_begun_ = true;
    return llhttp_execute(&parser_, piece.data(), piece.size());
}

// Bytes and gaps are the same to a body of known length; length is what is left of them.
MessageFramer::Step MessageFramer::read_length_body(std::uint64_t& length) {
    const std::uint64_t count = std::min(length, remaining_);
    length -= count;
    remaining_ -= count;
    bytes_ += count;
    if (remaining_ > 0) return Step::kMore;
    phase_ = Phase::kBetween;
    return Step::kEnd;
}

MessageFramer::Step MessageFramer::read_chunks(std::string_view& bytes) {
    const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
    if (result == HPE_OK) {
        consume(bytes, bytes.size());
        return Step::kMore;
    }
    if (result != HPE_PAUSED) return Step::kBroken;
    consume(bytes, static_cast<std::size_t>(llhttp_get_error_pos(&parser_) - bytes.data()));
    phase_ = Phase::kBetween;
    return Step::kEnd;
}

MessageFramer::Step MessageFramer::skip_chunk(std::uint64_t& length) {
    const bool within = in_chunk_ && length <= parser_.content_length;
    if (!within) {
        phase_ = Phase::kUnframedBody;
        window_size_ = 0;
    } else if (length > 0) {
        // llhttp counts a chunk down itself: all but one byte of the gap is taken off, the last one goes through it.
        parser_.content_length -= length - 1;
        llhttp_execute(&parser_, "", 1);
    }
    bytes_ += length;
    length = 0;
    return Step::kMore;
}

MessageFramer::Step MessageFramer::read_unframed(std::string_view& bytes, bool message_start) {
    const bool alone = message_start && bytes == kTerminalChunk.substr(kLineEnd);
    const std::size_t end = alone ? bytes.size() : terminal_chunk_end(bytes);
    if (end == 0) {
        keep_window(bytes);
        consume(bytes, bytes.size());
        return Step::kMore;
    }
    consume(bytes, end);
    phase_ = Phase::kBetween;
    return Step::kEnd;
}

// Where in bytes the body ends: behind a terminal chunk which nothing follows, or a message does. 0: nowhere.
std::size_t MessageFramer::terminal_chunk_end(std::string_view bytes) const {
    const auto ends_at = [&](std::size_t end) {
        return end == bytes.size() || (end < bytes.size() && kind_of_message(bytes.substr(end)) == kind_);
    };
    // One that began in earlier pieces ends within the first bytes of this one.
    std::array<char, 2 * kWindow> joint{};
    const std::size_t borrowed = std::min(bytes.size(), kWindow);
    std::copy_n(window_.begin(), window_size_, joint.begin());
    std::copy_n(bytes.begin(), borrowed, joint.begin() + window_size_);
    const std::size_t seam = std::string_view(joint.data(), window_size_ + borrowed).find(kTerminalChunk);
    if (seam != std::string_view::npos && ends_at(seam + kTerminalChunk.size() - window_size_)) {
        return seam + kTerminalChunk.size() - window_size_;
    }
    for (std::size_t at = bytes.find(kTerminalChunk); at != std::string_view::npos;
         at = bytes.find(kTerminalChunk, at + 1)) {
        if (ends_at(at + kTerminalChunk.size())) return at + kTerminalChunk.size();
    }
    return 0;
}

void MessageFramer::keep_window(std::string_view bytes) {
    const std::size_t taken = std::min(bytes.size(), kWindow);
    const std::size_t kept = std::min<std::size_t>(window_size_, kWindow - taken);
    std::copy_n(window_.begin() + (window_size_ - kept), kept, window_.begin());
    std::copy_n(bytes.end() - taken, taken, window_.begin() + kept);
    window_size_ = static_cast<std::uint8_t>(kept + taken);
}

void MessageFramer::consume(std::string_view& bytes, std::size_t count) {
    bytes.remove_prefix(count);
    bytes_ += count;
}

void MessageFramer::release_line() {
    line_ = {};
    pending_.clear();
    if (pending_.capacity() > kKeptCapacity) pending_.shrink_to_fit();
}

}  // namespace footfall::http1
