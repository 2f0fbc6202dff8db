#include "agent/protocols/http1/http1_reader.h"

#include <algorithm>
#include <memory>

#include "agent/protocols/http2/grpc_call.h"
#include "agent/protocols/protocol_facts.h"
#include "agent/protocols/protocol_table.h"

namespace footfall {

template <>
std::unique_ptr<ProtocolReader> make_reader<Protocol::kHttp1>(const ReaderContext& context) {
    return std::make_unique<http1::Http1Reader>(context);
}

template <>
ProtocolFacts facts<Protocol::kHttp1>() {
    return {
        .title = "HTTP/1",
        .versions = "1.0, 1.1",
        .roles = "server, client",
        .named =
            "method and route; GraphQL and JSON-RPC also by what the body calls. gRPC-Web: `package.Service/Method`, kind "
            "`grpc`. WebSocket messages: the route, `send` or `receive`",
        .outcome =
            "status from 500 on (client: 400); gRPC-Web: the status code's name, unknown where its body was not captured "
            "whole; `closed`, `reset`, `timeout`",
        .not_read = "behind other upgrades and CONNECT: one use, then nothing",
    };
}

}  // namespace footfall

namespace footfall::http1 {

void Http1Reader::on_bytes(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (successor_) return successor_->on_bytes(direction, bytes, message_start, stamp);
    if (tunnel_) return read_messages(direction, bytes, message_start, stamp);
    MessageFramer& stream = framer(direction);
    if (message_start) look_for_message(direction, bytes, stamp);
    while (!bytes.empty() && stream.in_step()) {
        take(direction, stream.advance(bytes, message_start, stamp));
        message_start = false;
    }
    if (successor_ && !bytes.empty()) return successor_->on_bytes(direction, bytes, message_start, stamp);
    if (tunnel_) return read_messages(direction, bytes, message_start, stamp);
    if (!bytes.empty()) responses_passed_ |= !carries_requests(direction);
}

void Http1Reader::on_gap(Direction direction, std::uint64_t length, const Stamp& stamp) {
    if (successor_) return successor_->on_gap(direction, length, stamp);
    gaps_ = true;
    if (tunnel_ && messages_) messages_->on_gap(direction, length, stamp);
    if (tunnel_) return;
    MessageFramer& stream = framer(direction);
    if (!stream.in_step() && !carries_requests(direction)) pass_responses();
    while (length > 0 && stream.in_step()) take(direction, stream.skip(length, stamp));
}

// Unseen bytes of responses that are out of step: which of several that wait is answered next can't be known.
void Http1Reader::pass_responses() {
    responses_passed_ = true;
    if (requests_ && open_.size() > 1) lose_response_head(LostReason::kGap);
}

void Http1Reader::read_messages(Direction direction, std::string_view bytes, bool message_start, const Stamp& stamp) {
    if (messages_ && !bytes.empty()) messages_->on_bytes(direction, bytes, message_start, stamp);
}

void Http1Reader::on_end_of_stream(Direction direction, const Stamp& stamp) {
    if (successor_) return successor_->on_end_of_stream(direction, stamp);
    if (tunnel_ || !requests_) return;
    if (!carries_requests(direction)) {
        if (!is_answered_in_its_line()) finish_all({CloseReason::kPeer, stamp.time});
        framer(direction).lose();
        return;
    }
    // The peer may still wait for its response. A request that can't be completed any more ends with it, or with the close.
    OpenExchange* exchange = requesting();
    if (exchange == nullptr) return;
    if (request_framer().phase() == Phase::kEndlessBody || exchange->response_done) {
        request_framer().lose();
        finish_request();
    }
}

// A server that finds the line of a request too long answers and says that it has done so (414), and then reads on.
bool Http1Reader::is_answered_in_its_line() {
    return open_.size() == 1 && open_.front().response_done && request_framer().phase() == Phase::kLine;
}

void Http1Reader::on_close(CloseReason reason, MonotonicTime time) {
    if (successor_) return successor_->on_close(reason, time);
    if (messages_) messages_->on_close(reason, time);
    finish_all({reason, time});
    finish_unnamed_request(LostReason::kUnparsable);
}

void Http1Reader::on_session_end(MonotonicTime time) {
    if (successor_) return successor_->on_session_end(time);
    if (messages_) messages_->on_session_end();
    finish_all({std::nullopt, time});
    finish_unnamed_request(LostReason::kUnfinished);
}

void Http1Reader::restart(const ReaderContext& context) {
    context_ = context;
    while (!open_.empty()) open_.pop();
    for (MessageFramer& stream : framers_) {
        stream.reset();
        if (context.opened_before) stream.lose();
    }
    started_ = 0;
    if (bodies_) bodies_->call.stop();
    messages_.reset();
    in_doubt_ = pipelines_ = gaps_ = false;
    doubts_ = 0;
    already_lost_ = 0;
    unasked_ = unasked_successes_ = 0;
    requests_.reset();
    gap_before_role_ = {};
    request_seen_ = false;
    responding_ = false;
    responses_passed_ = false;
    tunnel_ = false;
    successor_.reset();
}

void Http1Reader::take(Direction direction, Step step) {
    switch (step) {
        case Step::kMore:
            return;
        case Step::kLine:
            return take_line(direction);
        case Step::kHead:
            return take_head(direction);
        case Step::kEnd:
            return take_end(direction);
        case Step::kGap:
            return give_up(direction, LostReason::kGap);
        case Step::kBroken:
            return give_up(direction, LostReason::kUnparsable);
        case Step::kTooLong:
            return give_up(direction, LostReason::kHeadTooLong);
    }
}

void Http1Reader::take_line(Direction direction) {
    const std::string_view line = framer(direction).line();
    if (requests_ ? !carries_requests(direction) : line.starts_with("HTTP/")) {
        const auto status = parse_status_line(line);
        return status ? begin_response(direction, *status) : give_up(direction, LostReason::kUnparsable);
    }
    const auto request = parse_request_line(line);
    if (!request) return give_up(direction, LostReason::kUnparsable);
    if (!requests_) fix_role(direction);
    begin_request(*request);
}

void Http1Reader::take_head(Direction direction) {
    carries_requests(direction) ? take_request_head() : take_response_head();
}

void Http1Reader::take_end(Direction direction) { carries_requests(direction) ? finish_request() : finish_response(); }

// The stream's present message can't be read on.
void Http1Reader::give_up(Direction direction, LostReason reason) {
    MessageFramer& stream = framer(direction);
    if (!requests_ && reason == LostReason::kGap) {
        gap_before_role_[static_cast<std::size_t>(direction)] = true;
        return stream.lose();
    }
    const bool unnamed = stream.phase() == Phase::kLine;
    const bool request = requests_ ? carries_requests(direction) : resembles_request(stream.first_line());
    if (reason != LostReason::kUnparsable && requests_) {
        return request ? lose_request_head(reason) : lose_response_head(reason);
    }
    // Not HTTP/1, or not any more: nothing that was believed about the connection holds, until a request starts anew.
    lose_all(reason);
    if (bodies_) bodies_->call.stop();
    if (request && unnamed) lose_now(reason);
    for (MessageFramer& each : framers_) each.lose();
    requests_.reset();
    responding_ = false;
}

// Lets a stream find its feet at the start of a message, where it is out of step or its body may have been abandoned.
void Http1Reader::look_for_message(Direction direction, std::string_view bytes, const Stamp& stamp) {
    MessageFramer& stream = framer(direction);
    if (stream.in_step() && stream.phase() != Phase::kUnframedBody && !stream.body_untouched()) return;
    const auto kind = stream.in_step() ? kind_of_message(bytes) : stream.find_line(bytes, stamp);
    if (!kind) return;
    const bool is_request = *kind == MessageKind::kRequest;
    if (!requests_ && (is_request || attached_late())) return stream.start_here();
    if (!requests_ || carries_requests(direction) != is_request) return stream.in_step() ? void() : stream.lose();
    is_request ? resume_requests() : resume_responses();
}

void Http1Reader::fix_role(Direction requests) {
    requests_ = requests;
    if (gap_before_role_[static_cast<std::size_t>(requests)]) lose_now(LostReason::kGap);
    gap_before_role_ = {};
}

// --- requests -------------------------------------------------------------------------------------------------------

void Http1Reader::begin_request(const RequestLine& line) {
    if (responses_passed_ && awaiting() != nullptr && !response_framer().in_step()) {
        const std::uint32_t lost = waiting();
        lose_all(LostReason::kGap);
        if (lost > 1 || in_doubt_) doubt(lost);
    }
    responses_passed_ = false;
    lose_unasked();
    request_seen_ = true;
    const bool doubtful = is_doubtful_request();
    OpenExchange& exchange = open_request();
    if (doubtful && !exchange.lost) exchange.lost = LostReason::kGap;
    exchange.name(line.method, line.target);
    exchange.began = request_framer().begin();
    request_framer().begin_head(MessageKind::kRequest);
    // The response was here first, and was framed without knowing that it has no body.
    if (responding_ && &open_.front() == &exchange && line.method == "HEAD" && response_framer().body_untouched()) {
        response_framer().end_message();
        finish_response();
    }
}

void Http1Reader::take_request_head() {
    MessageFramer& stream = request_framer();
    OpenExchange* exchange = requesting();
    // What follows CONNECT is for the peer's eyes if it agrees, and a request if it does not.
    if (exchange != nullptr && exchange->method() == "CONNECT") {
        stream.lose();
        return finish_request();
    }
    if (exchange != nullptr) note_content(*exchange, stream.content());
    if (exchange != nullptr && exchange->method() == "POST" && !http2::is_call(stream.content())) {
        bodies().call.start();
        stream.show_body(&bodies().call);
    }
    if (stream.chunked()) return stream.begin_chunked_body();
    if (stream.transfer_encoded()) return stream.begin_endless_body();
    if (stream.has_length() && stream.length() > 0) return stream.begin_body(stream.length());
    stream.end_message();
    finish_request();
}

// The response may have been faster, and passed without being taken for a call's.
void Http1Reader::note_content(OpenExchange& exchange, http2::Content content) {
    if (content == http2::Content::kUntold) return;
    const bool passed = exchange.first_byte.seen() && http2::is_web(content) && !http2::is_web(exchange.content);
    if (passed) exchange.status_unseen = true;
    exchange.content = content;
}

Http1Reader::Bodies& Http1Reader::bodies() {
    if (!bodies_) bodies_ = std::make_unique<Bodies>();
    return *bodies_;
}

void Http1Reader::finish_request() {
    OpenExchange* exchange = requesting();
    if (exchange == nullptr) return;
    if (bodies_) bodies_->call.finish(exchange->text);
    exchange->request_bytes = request_framer().bytes();
    exchange->request_done = true;
    const bool switched = exchange->response_done && exchange->status == kSwitchingProtocols;
    settle_front();
    if (switched) stop_reading();
}

// It can't be known which response will be this request's.
bool Http1Reader::is_doubtful_request() {
    if (!in_doubt_) return false;
    if (!pipelines_) doubts_ = already_lost_ = 0;
    const bool answered = !pipelines_ || (open_.empty() && (already_lost_ == 0 || doubts_ > 0));
    if (!answered) doubts_ = kDoubts;
    if (answered && doubts_ > 0) --doubts_;
    in_doubt_ = doubts_ > 0;
    if (!in_doubt_) already_lost_ = 0;
    return in_doubt_;
}

// So many were lost, and may be answered still.
void Http1Reader::doubt(std::uint32_t lost) {
    in_doubt_ = true;
    doubts_ = kDoubts;
    already_lost_ += lost;
}

void Http1Reader::lose_request_head(LostReason reason) {
    MessageFramer& stream = request_framer();
    const Phase phase = stream.phase();
    stream.lose();
    in_doubt_ |= reason == LostReason::kGap;
    if (phase == Phase::kBetween && open_.empty()) return lose_unseen_requests();
    OpenExchange* exchange = phase == Phase::kHead ? requesting() : &open_request();
    if (exchange == nullptr) return;
    exchange->lost = reason;
    finish_request();
}

// The gap carried as many as were answered already, or else one that will be.
void Http1Reader::lose_unseen_requests() {
    if (unasked_ == 0) ++already_lost_;
    for (std::uint32_t i = 0; i < std::max<std::uint32_t>(unasked_, 1); ++i) lose_now(LostReason::kGap);
    unasked_ = unasked_successes_ = 0;
}

void Http1Reader::resume_requests() {
    MessageFramer& stream = request_framer();
    const OpenExchange* exchange = requesting();
    // A body is abandoned only where the response came without waiting for it (Expect: 100-continue, refused).
    const bool answered = exchange != nullptr && exchange->response_done;
    if (stream.body_untouched() && !answered) return;
    finish_request();
    stream.start_here();
}

}  // namespace footfall::http1
