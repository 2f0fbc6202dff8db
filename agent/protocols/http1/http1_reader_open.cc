// The part of Http1Reader that keeps the open exchanges: how they are opened, and the ways in which they end.
#include <array>

#include "agent/protocols/http1/http1_reader.h"
#include "agent/protocols/http2/grpc_call.h"

namespace footfall::http1 {
namespace {

constexpr std::uint16_t kFirstClientError = 400;
constexpr std::uint16_t kFirstServerError = 500;

std::array<char, 3> digits_of(std::uint16_t status) {
    return {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
            static_cast<char>('0' + status % 10)};
}

}  // namespace

// The exchange of a request that begins: a new one, or that of a response which was faster.
OpenExchange& Http1Reader::open_request() {
    ++started_;
    if (open_.full()) {
        ++open_.back().count;
        open_.back().lost = LostReason::kTooManyOpen;
        return open_.back();
    }
    const bool answered_early = !open_.empty() && !open_.back().request_begun;
    OpenExchange& exchange = answered_early ? open_.back() : open_.push();
    exchange.request_begun = true;
    return exchange;
}

// The exchange whose request is being read.
OpenExchange* Http1Reader::requesting() {
    if (open_.empty() || !open_.back().request_begun || open_.back().request_done) return nullptr;
    return &open_.back();
}

// The exchange whose response is being read or is due. A request that was answered before it was complete is always the
// only one that is open.
OpenExchange* Http1Reader::awaiting() {
    if (open_.empty() || open_.front().response_done) return nullptr;
    return &open_.front();
}

OpenExchange* Http1Reader::open_for_early_response(Direction direction) {
    const Phase requests = request_framer().phase();
    const bool overtook = direction == Direction::kReceived && requests == Phase::kBetween && !attached_late();
    if (!open_.empty() || !(overtook || requests == Phase::kLine)) return nullptr;
    return &open_.push();
}

// Its response is read like any other, to see where the next one begins. Null if there is no such request.
OpenExchange* Http1Reader::open_for_unseen_request(std::uint16_t status) {
    if (!in_doubt_ || !open_.empty() || status == kSwitchingProtocols) return nullptr;
    OpenExchange& exchange = open_.push();
    exchange.request_begun = exchange.request_done = true;
    exchange.lost = LostReason::kGap;
    if (already_lost_ == 0 || doubts_ > 0) doubts_ = kDoubts;
    if (already_lost_ > 0) {
        --already_lost_;
        exchange.count = 0;
    }
    started_ += exchange.count;
    return &exchange;
}

// How many exchanges those in the queue stand for.
std::uint32_t Http1Reader::waiting() {
    std::uint32_t count = 0;
    for (std::size_t i = 0; i < open_.size(); ++i) count += open_.at(i).request_begun ? open_.at(i).count : 0;
    return count;
}

// For an exchange that has no place in the queue.
void Http1Reader::lose_now(LostReason reason) {
    ++started_;
    context_.sink->on_lost(reason);
}

// Gives up the oldest exchange, unless its response is complete.
void Http1Reader::lose_front(LostReason reason) {
    OpenExchange& exchange = open_.front();
    if (requesting() == &exchange) exchange.request_bytes = request_framer().bytes();
    if (exchange.request_begun && exchange.response_done && !exchange.lost) {
        hand_out(exchange, {});
    } else if (exchange.request_begun) {
        for (std::uint32_t i = 0; i < exchange.count; ++i) context_.sink->on_lost(exchange.lost.value_or(reason));
    } else if (tells_of_request(exchange.status)) {
        lose_now(LostReason::kGap);
    }
    open_.pop();
}

void Http1Reader::lose_all(LostReason reason) {
    while (!open_.empty()) lose_front(reason);
}

// Servers refuse unasked (408 to an idle connection), but nobody succeeds at nothing: its request was not seen. Where there
// are gaps, those were counted for such requests.
bool Http1Reader::tells_of_request(std::uint16_t status) const {
    return !gaps_ && status != 0 && status < kFirstClientError;
}

// The responses since the latest request that tell of requests which were not seen.
void Http1Reader::lose_unasked() {
    for (; unasked_successes_ > 0 && !gaps_; --unasked_successes_) lose_now(LostReason::kGap);
    unasked_ = unasked_successes_ = 0;
}

// Hands out the oldest exchange if both its messages are complete.
void Http1Reader::settle_front() {
    OpenExchange& exchange = open_.front();
    if (!exchange.request_done || !exchange.response_done) return;
    if (!exchange.lost) {
        hand_out(exchange, {});
        return open_.pop();
    }
    if (exchange.count > 0) context_.sink->on_lost(*exchange.lost);
    if (exchange.count <= 1) return open_.pop();
    --exchange.count;
    exchange.response_done = false;
}

void Http1Reader::finish_all(const Ending& ending) {
    if (!requests_) return;
    // They may have been answered.
    if (responses_passed_ && !response_framer().in_step()) lose_all(LostReason::kGap);
    bool responding = responding_ || response_framer().phase() == Phase::kLine;
    while (!open_.empty()) {
        finish_front(ending, responding);
        responding = false;
    }
    responding_ = false;
}

// responding: bytes of its response were seen.
void Http1Reader::finish_front(const Ending& ending, bool responding) {
    OpenExchange& exchange = open_.front();
    if (exchange.lost || !exchange.request_begun || exchange.response_done) return lose_front(LostReason::kUnfinished);
    MessageFramer& response = response_framer();
    const bool orderly = !ending.reason || *ending.reason == CloseReason::kLocal || *ending.reason == CloseReason::kPeer;
    const bool endless =
        response.phase() == Phase::kEndlessBody || (ending.reason && response.phase() == Phase::kUnframedBody);
    const bool whole = responding && orderly && endless;
    if (!whole && !ending.reason) return lose_front(LostReason::kUnfinished);
    if (requesting() == &exchange) exchange.request_bytes = request_framer().bytes();
    exchange.end = ending.time;
    if (responding) {
        exchange.response_bytes += response.bytes();
        exchange.end = response.last();
        take_trailers(exchange);
        if (response.phase() == Phase::kLine) exchange.first_byte = response.begin().time;
    }
    hand_out(exchange, whole ? std::string_view{} : text_of(*ending.reason));
    open_.pop();
}

// A request of which not even the first line came has no exchange yet. Its stream, and the other, have no more to tell.
void Http1Reader::finish_unnamed_request(LostReason reason) {
    lose_unasked();
    for (const Direction direction : {Direction::kReceived, Direction::kSent}) {
        MessageFramer& stream = framer(direction);
        const bool request = requests_ ? carries_requests(direction) : resembles_request(stream.first_line());
        if (stream.phase() == Phase::kLine && request) lose_now(reason);
        stream.lose();
    }
}

// cut: what kept the exchange from completing; empty if nothing did.
void Http1Reader::hand_out(const OpenExchange& open, std::string_view cut) {
    const bool failed = open.status >= (requests_ == Direction::kReceived ? kFirstServerError : kFirstClientError);
    const std::array<char, 3> digits = digits_of(open.status);
    Exchange exchange = describe(open);
    if (http2::is_web(open.content)) {
        exchange.kind = Kind::kGrpc;
        exchange.status = 0;
        exchange.target = http2::rpc_name(open.target());
        exchange.method = exchange.call = {};
        const auto status = open.grpc_status == http2::kNoGrpcStatus ? std::nullopt : std::optional(open.grpc_status);
        http2::judge_call({status, open.status_unseen, open.status}, cut, exchange);
        return context_.sink->on_exchange(exchange);
    }
    exchange.outcome = failed || !cut.empty() ? Outcome::kError : Outcome::kOk;
    exchange.error_type = cut.empty() && failed ? std::string_view(digits.data(), digits.size()) : cut;
    context_.sink->on_exchange(exchange);
}

// All but its outcome.
Exchange Http1Reader::describe(const OpenExchange& open) const {
    const bool server = requests_ == Direction::kReceived;
    Exchange exchange;
    exchange.kind = Kind::kHttp;
    exchange.role = server ? Role::kServer : Role::kClient;
    exchange.status = open.status;
    exchange.connection = context_.connection;
    exchange.pid = open.began.pid;
    exchange.tid = open.began.tid;
    exchange.method = open.method();
    exchange.target = open.target();
    exchange.call = open.call();
    exchange.begin = open.began.time;
    exchange.first_byte = open.first_byte;
    exchange.end = open.end;
    exchange.bytes_in = server ? open.request_bytes : open.response_bytes;
    exchange.bytes_out = server ? open.response_bytes : open.request_bytes;
    return exchange;
}

}  // namespace footfall::http1
