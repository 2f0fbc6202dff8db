// The part of Http2Reader that keeps the open exchanges: how they begin, what is learned of them, and the ways in which they
// end.
#include <algorithm>
#include <array>
#include <utility>

#include "agent/protocols/http2/grpc.h"
#include "agent/protocols/http2/grpc_call.h"
#include "agent/protocols/http2/http2_reader.h"

namespace footfall::http2 {
namespace {

constexpr std::uint16_t kFirstFinalStatus = 200;
constexpr std::uint16_t kFirstClientError = 400;
constexpr std::uint16_t kFirstServerError = 500;
constexpr std::size_t kWebDataKept = 65536;  // bytes read of a DATA frame with messages of gRPC-Web
constexpr std::size_t kPaddingMost = 256;    // with the byte that says how much it is
constexpr std::string_view kUnknownMethod = "_OTHER";
constexpr std::string_view kConnectTarget = "{authority}";

std::array<char, 3> digits_of(std::uint16_t status) {
    return {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
            static_cast<char>('0' + status % 10)};
}

bool is_interim(const Head& head) { return head.status && *head.status < kFirstFinalStatus; }

// Whether it could be a call whose content-type and grpc-status are among what is not known. Calls are always POST.
bool may_be_call(const OpenStream& stream) {
    return stream.end_unresolved && stream.content == Content::kUntold &&
           (stream.method().empty() || stream.method() == "POST");
}

// Where all that says so is hidden, its shape does: messages in the request, and an end of the response that has fields.
bool is_grpc(const OpenStream& stream) {
    if (is_call(stream.content) || stream.grpc_status) return true;
    return may_be_call(stream) && stream.has_messages && stream.has_trailers;
}

void judge_response(const OpenStream& open, Role role, std::string_view cut, std::string_view status, Exchange& exchange) {
    exchange.status = open.status;
    const bool failed = open.status >= (role == Role::kServer ? kFirstServerError : kFirstClientError);
    exchange.error_type = cut.empty() && failed ? status : cut;
    if (!exchange.error_type.empty()) {
        exchange.outcome = Outcome::kError;
    } else if (open.status != 0 && !may_be_call(open)) {
        exchange.outcome = Outcome::kOk;
    }
}

}  // namespace

void Http2Reader::begin_upgraded(const Exchange& request) {
    const bool server = request.role == Role::kServer;
    fix_role(server ? Direction::kReceived : Direction::kSent);
    standing_ = Standing::kConfirmed;
    late_ = false;
    next_stream_ = 3;
    ++started_;
    OpenStream& stream = open_.open(1);
    stream.name(request.method.substr(0, kMethodLimit), request.target.substr(0, kTargetLimit));
    stream.text.append(request.call);
    stream.began = {request.begin, request.pid, request.tid};
    stream.request_bytes = server ? request.bytes_in : request.bytes_out;
    stream.response_bytes = server ? request.bytes_out : request.bytes_in;
    stream.request_begun = stream.request_done = true;
}

// --- requests -------------------------------------------------------------------------------------------------------

void Http2Reader::take_request_block(const Block& block, const Head& head) {
    const std::uint32_t id = block.first.stream;
    OpenStream* stream = open_.find(id);
    if (stream == nullptr) {
        if (id < next_stream_) return;                                                // of one that is over
        if (!head.request_fields && !head.unresolved) return note_streams_up_to(id);  // trailers of one that was never seen
        stream = open_request(id);
        if (stream == nullptr) return;
        begin_request(*stream, block, head);
    } else if (!stream->request_begun) {
        ++started_;
        next_stream_ = std::max(next_stream_, id + 2);
        begin_request(*stream, block, head);
    }
    stream->request_bytes += block.bytes;
    if (block.first.has(kEndStream)) end_request(*stream);
}

OpenStream* Http2Reader::open_request(std::uint32_t id) {
    if (responses_passed_) doubt_all();
    if (first_seen_ == 0) first_seen_ = id;
    if (id > next_stream_ && next_stream_ != 0) note_streams_up_to(id - 2);
    next_stream_ = id + 2;
    side(*requests_).unseen = false;
    ++started_;
    if (!open_.full() || make_room()) return &open_.open(id);
    context_.sink->on_lost(LostReason::kTooManyOpen);
    return nullptr;
}

void Http2Reader::begin_request(OpenStream& stream, const Block& block, const Head& head) {
    stream.name(head.method.view(), head.path.view());
    stream.began = block.began;
    if (head.content != Content::kUntold) stream.content = head.content;
    stream.request_begun = true;
    if (head.method.view() == "POST" && !is_call(stream.content)) stream.finder.start();
}

// Requests of all streams up to id have passed. Those that nobody saw are lost if there was a gap, also if their responses
// wait for them; else they are numbers that the client left out.
void Http2Reader::note_streams_up_to(std::uint32_t id) {
    if (id < next_stream_) return;
    if (side(*requests_).unseen && next_stream_ != 0) {
        open_.for_each([&](OpenStream& stream) {
            if (!stream.request_begun && stream.id >= next_stream_ && stream.id <= id) open_.close(stream);
        });
        lose_now(LostReason::kGap, std::min<std::uint32_t>((id - next_stream_) / 2 + 1, OpenStreams::kLimit));
    }
    next_stream_ = id + 2;
}

void Http2Reader::end_request(OpenStream& stream) {
    stream.request_done = true;
    stream.finder.finish(stream.text);
    settle(stream);
}

// --- responses ------------------------------------------------------------------------------------------------------

void Http2Reader::take_response_block(const Block& block, const Head& head, MonotonicTime last) {
    OpenStream* stream = stream_of_response(block.first.stream, head);
    if (stream == nullptr) return;
    stream->response_bytes += block.bytes;
    stream->doubtful = false;
    stream->last = last;
    if (is_interim(head)) return;
    take_response_fields(*stream, head, block.began.time);
    if (block.first.has(kEndStream)) end_response(*stream, last);
}

void Http2Reader::take_response_fields(OpenStream& stream, const Head& head, MonotonicTime begin) {
    if (!stream.first_byte.seen()) {
        stream.first_byte = begin;
        stream.status = head.status.value_or(0);
        if (stream.content == Content::kUntold) stream.content = head.content;
        const Content body = content_of_response(stream.content, head.content);
        stream.reads_web = is_web(body);
        stream.web.start(body == Content::kGrpcWebText);
    } else {
        stream.has_trailers = true;
    }
    if (head.grpc_status) stream.grpc_status = head.grpc_status;
    stream.end_unresolved = head.unresolved && !head.grpc_status;
}

// The exchange that a response is of; null for those that are not open. One that never was is lost, or its response came
// before its request, as it does where a client's threads share the socket.
OpenStream* Http2Reader::stream_of_response(std::uint32_t id, const Head& head) {
    OpenStream* stream = open_.find(id);
    if (stream != nullptr || !head.response_fields || is_interim(head)) return stream;
    if (late_ && (first_seen_ == 0 || id < first_seen_)) {
        lose_now(LostReason::kBeganBefore);
        if (first_seen_ == 0) next_stream_ = std::max(next_stream_, id + 2);
        return nullptr;
    }
    if (id < next_stream_) return nullptr;
    if (side(*requests_).unseen) {
        note_streams_up_to(id);
        return nullptr;
    }
    return open_.full() ? nullptr : &open_.open(id);
}

void Http2Reader::end_response(OpenStream& stream, MonotonicTime time) {
    stream.response_done = true;
    stream.last = time;
    settle(stream);
}

// --- both -----------------------------------------------------------------------------------------------------------

std::size_t Http2Reader::wanted_of_data(Direction direction, std::uint32_t id) {
    const OpenStream* stream = requests_ ? open_.find(id) : nullptr;
    if (stream == nullptr) return 0;
    if (carries_requests(direction)) return stream->finder.looking() ? kBodyLooked + kPaddingMost : 0;
    return stream->reads_web ? kWebDataKept : 0;
}

void Http2Reader::take_data(Direction direction) {
    if (!requests_) return;
    const Side& from = side(direction);
    OpenStream* stream = open_.find(from.frame.stream);
    if (stream == nullptr) return;
    if (carries_requests(direction)) return take_request_data(*stream, from);
    stream->response_bytes += from.framer.bytes();
    stream->doubtful = false;
    stream->last = from.framer.last();
    if (stream->reads_web) {
        if (!from.framer.body_kept() || from.framer.body().size() < from.frame.length) stream->web.lose();
        stream->web.read(without_padding(from.frame, from.framer.body()));
    }
    if (from.frame.has(kEndStream)) end_response(*stream, from.framer.last());
}

void Http2Reader::take_request_data(OpenStream& stream, const Side& from) {
    const LengthFramer& framer = from.framer;
    stream.request_bytes += framer.bytes();
    if (stream.finder.looking() && framer.body_kept() && !from.frame.has(kPadded)) {  // gRPC pads nothing
        stream.has_messages = begins_with_message(framer.body(), from.frame.length, from.frame.has(kEndStream));
    }
    if (framer.body_kept()) stream.finder.read(without_padding(from.frame, framer.body()));
    if (framer.body().size() < from.frame.length) stream.finder.lose();
    if (!stream.finder.looking()) stream.finder.finish(stream.text);  // it may be answered before it is whole
    if (from.frame.has(kEndStream)) end_request(stream);
}

void Http2Reader::take_reset(std::uint32_t id, std::string_view body, MonotonicTime time) {
    OpenStream* stream = open_.find(id);
    if (stream == nullptr) return;
    const std::uint32_t error = read_u32(body);
    cut(*stream, reset_name(error), grpc_code_of_reset(error), time);
}

void Http2Reader::take_goaway(Direction direction, std::string_view body) {
    if (!requests_ || carries_requests(direction)) return;
    const std::uint32_t last_taken = read_u32(body) & 0x7fffffffU;
    const MonotonicTime time = side(direction).framer.last();
    open_.for_each([&](OpenStream& stream) {
        if (stream.id > last_taken) cut(stream, "goaway", "UNAVAILABLE", time);
    });
}

void Http2Reader::settle(OpenStream& stream) {
    if (!stream.request_begun || !stream.request_done || !stream.response_done) return;
    hand_out(stream, {});
    open_.close(stream);
}

// It ends here. After its whole response nothing is missing.
void Http2Reader::cut(OpenStream& stream, std::string_view error, std::string_view grpc_error, MonotonicTime time) {
    if (!stream.request_begun) {
        ++started_;
        return lose(stream, LostReason::kGap);
    }
    if (!stream.first_byte.seen()) stream.last = time;
    hand_out(stream, stream.response_done ? std::string_view{} : is_grpc(stream) ? grpc_error : error);
    open_.close(stream);
}

void Http2Reader::finish_all(const Ending& ending) {
    if (responses_passed_) doubt_all();
    open_.for_each([&](OpenStream& stream) { finish(stream, ending); });
}

void Http2Reader::finish(OpenStream& stream, const Ending& ending) {
    if (stream.request_begun && !stream.response_done) {
        if (stream.doubtful) return lose(stream, LostReason::kGap);
        if (!ending.reason) return lose(stream, LostReason::kUnfinished);
    }
    const std::string_view cause = ending.reason ? text_of(*ending.reason) : std::string_view{};
    cut(stream, cause, cause, ending.time);
}

// cut: what kept the exchange from completing; empty if nothing did.
void Http2Reader::hand_out(const OpenStream& open, std::string_view cut) {
    const bool server = requests_ == Direction::kReceived;
    const std::array<char, 3> digits = digits_of(open.status);
    Exchange exchange;
    exchange.kind = is_grpc(open) ? Kind::kGrpc : Kind::kHttp;
    exchange.role = server ? Role::kServer : Role::kClient;
    exchange.connection = context_.connection;
    exchange.pid = open.began.pid;
    exchange.tid = open.began.tid;
    exchange.begin = open.began.time;
    exchange.first_byte = open.first_byte;
    exchange.end = open.last;
    exchange.bytes_in = server ? open.request_bytes : open.response_bytes;
    exchange.bytes_out = server ? open.response_bytes : open.request_bytes;
    if (exchange.kind == Kind::kGrpc) {
        exchange.target = rpc_name(open.path());
        const auto status = open.grpc_status ? open.grpc_status : open.web.status();
        const bool body_unseen = is_web(open.content) && !open.first_byte.seen();
        judge_call({status, open.end_unresolved || open.web.unclear() || body_unseen, open.status}, cut, exchange);
    } else {
        exchange.method = open.method().empty() ? kUnknownMethod : open.method();
        exchange.target = !open.path().empty()           ? open.path()
                          : exchange.method == "CONNECT" ? kConnectTarget
                                                         : kUnknownTarget;
        exchange.call = open.call();
        judge_response(open, exchange.role, cut, {digits.data(), digits.size()}, exchange);
    }
    context_.sink->on_exchange(exchange);
}

void Http2Reader::lose(OpenStream& stream, LostReason reason) {
    context_.sink->on_lost(reason);
    open_.close(stream);
}

// For exchanges that have no place among the open ones.
void Http2Reader::lose_now(LostReason reason, std::uint32_t count) {
    started_ += count;
    for (std::uint32_t i = 0; i < count; ++i) context_.sink->on_lost(reason);
}

// Doubtful exchanges have probably ended.
bool Http2Reader::make_room() {
    open_.for_each([this](OpenStream& stream) {
        if (!stream.doubtful) return;
        if (!stream.request_begun) ++started_;
        lose(stream, LostReason::kGap);
    });
    return !open_.full();
}

}  // namespace footfall::http2
