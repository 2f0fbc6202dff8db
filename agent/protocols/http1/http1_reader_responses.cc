// The part of Http1Reader that reads responses: whose each of them is, where it ends, and what it makes of the connection.
#include <limits>
#include <memory>
#include <string_view>

#include "agent/protocols/http1/http1_reader.h"
#include "agent/protocols/http2/grpc_call.h"

namespace footfall::http1 {
namespace {

constexpr std::uint16_t kFirstFinalStatus = 200;
constexpr std::uint16_t kNoContent = 204;
constexpr std::uint16_t kFirstRedirection = 300;
constexpr std::uint16_t kNotModified = 304;

Direction opposite(Direction direction) {
    return direction == Direction::kReceived ? Direction::kSent : Direction::kReceived;
}

bool is_interim(std::uint16_t status) { return status < kFirstFinalStatus && status != kSwitchingProtocols; }

bool opens_tunnel(std::string_view method, std::uint16_t status) {
    return status == kSwitchingProtocols || (method == "CONNECT" && status < kFirstRedirection);
}

bool has_no_body(std::string_view method, std::uint16_t status) {
    return method == "HEAD" || status == kNoContent || status == kNotModified;
}

}  // namespace

MessageFramer& Http1Reader::response_framer() { return framer(opposite(*requests_)); }

void Http1Reader::begin_response(Direction direction, std::uint16_t status) {
    if (!requests_) fix_role(opposite(direction));
    MessageFramer& stream = framer(direction);
    OpenExchange* exchange = awaiting();
    if (exchange == nullptr) exchange = open_for_unseen_request(status);
    if (exchange == nullptr) exchange = open_for_early_response(direction);
    if (exchange == nullptr) {
        // Without its request it can't be told whether it has a body.
        stream.lose();
        if (!is_interim(status)) take_unasked(status);
        tunnel_ = status == kSwitchingProtocols;
        return;
    }
    if (!pipelines_ && open_.size() > 1 && !(open_.at(1).lost && open_.back().lost)) notice_pipelining();
    status_ = status;
    responding_ = true;
    if (bodies_) bodies_->in_response = false;
    if (!is_interim(status)) {
        exchange->status = status;
        exchange->first_byte = stream.begin().time;
    }
    stream.begin_head(MessageKind::kResponse);
}

void Http1Reader::take_unasked(std::uint16_t status) {
    if (attached_late()) return lose_now(LostReason::kBeganBefore);
    if (unasked_ == std::numeric_limits<std::uint16_t>::max()) return;  // more than any server sends unasked
    ++unasked_;
    if (tells_of_request(status)) ++unasked_successes_;
}

// The client asked before it had this response, of which no part is missing: it pipelines. A place that a gap was given may
// be that of many then.
void Http1Reader::notice_pipelining() {
    pipelines_ = true;
    for (std::size_t i = 0; i < open_.size(); ++i) {
        if (open_.at(i).lost == LostReason::kGap) doubt(0);
        if (in_doubt_ && doubts_ > 0 && !open_.at(i).lost) open_.at(i).lost = LostReason::kGap;
    }
}

void Http1Reader::take_response_head() {
    OpenExchange& exchange = open_.front();
    MessageFramer& stream = response_framer();
    if (is_interim(status_)) {
        exchange.response_bytes += stream.bytes();
        responding_ = false;
        return stream.end_message();
    }
    take_call_head(exchange);
    if (opens_tunnel(exchange.method(), status_)) return exchange.request_begun ? enter_tunnel() : await_tunnel();
    if (has_no_body(exchange.method(), status_)) {
        stream.end_message();
        return finish_response();
    }
    frame_response();
}

void Http1Reader::take_call_head(OpenExchange& exchange) {
    MessageFramer& stream = response_framer();
    if (exchange.content == http2::Content::kUntold) exchange.content = stream.content();
    exchange.grpc_status = stream.grpc_status();
    const http2::Content body = http2::content_of_response(exchange.content, stream.content());
    if (!http2::is_web(body)) return;
    bodies().trailers.start(body == http2::Content::kGrpcWebText);
    bodies().in_response = true;
    stream.show_body(&bodies().trailers);
}

// Those of the response that ends.
void Http1Reader::take_trailers(OpenExchange& exchange) {
    if (!bodies_ || !bodies_->in_response) return;
    bodies_->in_response = false;
    const http2::GrpcWebTrailers& trailers = bodies_->trailers;
    if (exchange.grpc_status == http2::kNoGrpcStatus)
        exchange.grpc_status = trailers.status().value_or(http2::kNoGrpcStatus);
    exchange.status_unseen = trailers.unclear();
}

void Http1Reader::frame_response() {
    MessageFramer& stream = response_framer();
    if (stream.chunked()) return stream.begin_chunked_body();
    if (stream.transfer_encoded() || !stream.has_length()) return stream.begin_endless_body();
    if (stream.length() > 0) return stream.begin_body(stream.length());
    stream.end_message();
    finish_response();
}

void Http1Reader::finish_response() {
    OpenExchange& exchange = open_.front();
    exchange.response_bytes += response_framer().bytes();
    exchange.end = response_framer().last();
    exchange.response_done = true;
    take_trailers(exchange);
    responding_ = false;
    settle_front();
}

void Http1Reader::lose_response_head(LostReason reason) {
    response_framer().lose();
    responding_ = false;
    if (awaiting() == nullptr) return;
    const std::uint32_t before = waiting();
    lose_front(reason);
    while (!open_.empty() && open_.front().lost) lose_front(reason);
    const bool unknown = open_.size() > 1;
    if (unknown) lose_all(reason);
    const std::uint32_t lost = before - waiting();
    if (unknown || lost > 1) doubt(lost - 1);
    if (open_.empty()) return;
    in_doubt_ = true;  // if another request comes before the answer to the one that waits
    responses_passed_ = true;
}

// A message starts like a response while the stream is out of step, or in a chunked body whose end may have been lost.
void Http1Reader::resume_responses() {
    MessageFramer& stream = response_framer();
    if (stream.in_step()) {
        if (stream.phase() != Phase::kUnframedBody || open_.size() < 2) return;
        finish_response();
    }
    stream.start_here();
}

// --- upgrades --------------------------------------------------------------------------------------------------------

void Http1Reader::enter_tunnel() {
    OpenExchange& exchange = open_.front();
    if (requesting() == &exchange) exchange.request_bytes = request_framer().bytes();
    if (status_ == kSwitchingProtocols && response_framer().upgrades_to_http2()) return go_on_as_http2();
    exchange.request_done = true;
    if (status_ == kSwitchingProtocols && response_framer().names_websocket()) {
        const Role role = carries_requests(Direction::kReceived) ? Role::kServer : Role::kClient;
        messages_ = std::make_unique<websocket::MessageReader>(context_, role, exchange.target());
    }
    finish_response();
    stop_reading();
}

// The exchange is the successor's from here on: it will be used or lost there.
void Http1Reader::go_on_as_http2() {
    OpenExchange& exchange = open_.front();
    exchange.response_bytes += response_framer().bytes();
    successor_ = std::make_unique<http2::Http2Reader>(ReaderContext{context_.connection, false, context_.sink});
    successor_->begin_upgraded(describe(exchange));
    --started_;
    open_.pop();
    stop_reading();
}

// The switch of protocols was seen before the request that asked for it.
void Http1Reader::await_tunnel() {
    response_framer().lose();
    finish_response();
}

void Http1Reader::stop_reading() {
    lose_all(LostReason::kUnparsable);
    for (MessageFramer& stream : framers_) stream.lose();
    tunnel_ = true;
}

}  // namespace footfall::http1
