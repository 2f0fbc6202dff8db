#include "agent/protocols/pairing/in_order.h"

#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kKeptNameCapacity = 256;  // a longer name's buffer is given back

}  // namespace

void OpenRequest::name(std::string_view method, std::string_view target) {
    method_length = static_cast<std::uint8_t>(method.size());
    text.assign(method);
    text.append(target);
}

void recycle(OpenRequest& request) {
    std::string text = std::move(request.text);
    text.clear();
    if (text.capacity() > kKeptNameCapacity) text.shrink_to_fit();
    request = OpenRequest{};
    request.text = std::move(text);
}

Exchange exchange_of(const OpenRequest& request, Role role, Outcome outcome, std::string_view error_type,
                     MonotonicTime end) {
    const bool server = role == Role::kServer;
    return {
        .role = role,
        .outcome = outcome,
        .status = request.status,
        .pid = request.began.pid,
        .tid = request.began.tid,
        .method = request.method(),
        .target = request.target(),
        .error_type = error_type,
        .begin = request.began.time,
        .first_byte = request.first_byte,
        .end = end,
        .bytes_in = server ? request.request_bytes : request.response_bytes,
        .bytes_out = server ? request.response_bytes : request.request_bytes,
        .tls = request.tls,
    };
}

void InOrder::restart(const ReaderContext& context, Kind kind) {
    context_ = context;
    kind_ = kind;
    role_.reset();
    forget();
}

OpenRequest* InOrder::begin(const Stamp& stamp) {
    ++started_;
    if (open_.full()) {
        context_.sink->on_lost(LostReason::kTooManyOpen);
        return nullptr;
    }
    OpenRequest& request = open_.push();
    request.began = stamp;
    return &request;
}

void InOrder::finish(Outcome outcome, std::string_view error_type, MonotonicTime end) {
    hand_out_front(outcome, error_type, end);
    open_.pop();
}

void InOrder::finish_part(Outcome outcome, std::string_view error_type, MonotonicTime end) {
    hand_out_front(outcome, error_type, end);
    OpenRequest& request = open_.front();
    request.began.time = end;
    request.first_byte = {};
    request.request_bytes = request.response_bytes = 0;
    ++started_;
}

void InOrder::hand_out_front(Outcome outcome, std::string_view error_type, MonotonicTime end) {
    const OpenRequest& request = open_.front();
    if (request.lost) return context_.sink->on_lost(*request.lost);
    Exchange exchange = exchange_of(request, role_.value_or(Role::kServer), outcome, error_type, end);
    exchange.kind = kind_;
    exchange.connection = context_.connection;
    context_.sink->on_exchange(exchange);
}

void InOrder::lose_front(LostReason reason) {
    context_.sink->on_lost(open_.front().lost.value_or(reason));
    open_.pop();
}

void InOrder::lose_all(LostReason reason) {
    while (!open_.empty()) lose_front(reason);
}

void InOrder::lose_one(LostReason reason) {
    ++started_;
    context_.sink->on_lost(reason);
}

void InOrder::close(CloseReason reason, MonotonicTime time) {
    while (!open_.empty()) finish(Outcome::kError, text_of(reason), time);
}

void InOrder::forget() {
    while (!open_.empty()) open_.pop();
    started_ = 0;
}

}  // namespace footfall
