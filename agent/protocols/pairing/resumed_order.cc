#include "agent/protocols/pairing/resumed_order.h"

#include <algorithm>

namespace footfall {

void PendingCommand::fail(std::string_view error) {
    failed = true;
    error_length = static_cast<std::uint8_t>(std::min(error.size(), error_text.size()));
    std::copy_n(error.begin(), error_length, error_text.begin());
}

void recycle(PendingCommand& command) { command = PendingCommand{}; }

bool are_equal(const PendingCommand& a, const PendingCommand& b) {
    return a.method.data() == b.method.data() && a.began == b.began && a.first_byte == b.first_byte && a.end == b.end &&
           a.request_bytes == b.request_bytes && a.response_bytes == b.response_bytes && a.asked && b.asked &&
           a.failed == b.failed && a.unknown == b.unknown && a.error() == b.error();
}

void ResumedOrder::restart(const ReaderContext& context, Kind kind, bool late) {
    context_ = context;
    kind_ = kind;
    late_ = late;
    order_ = late ? Order::kLost : Order::kKnown;
    while (!open_.empty()) open_.pop();
    answered_ = 0;
    held_ = 0;
    started_ = 0;
    lost_waiting_ = 0;
}

// --- order ----------------------------------------------------------------------------------------------------------

void ResumedOrder::on_request_start() {
    if (order_ == Order::kAssumed && !open_.empty() && answered_ == open_.size()) prove();
}

void ResumedOrder::assume() {
    order_ = Order::kAssumed;
    lost_waiting_ = 0;
}

void ResumedOrder::prove() {
    hand_out_answered();
    order_ = Order::kKnown;
    late_ = false;
}

void ResumedOrder::begin_late() {
    late_ = true;
    order_ = Order::kLost;
}

// --- requests -------------------------------------------------------------------------------------------------------

ResumedOrder::Asked ResumedOrder::ask(std::string_view method, const SeenMessage& request) {
    if (order_ == Order::kLost) {
        ++lost_waiting_;
        lose_unnamed(why_lost());
        return Asked::kLost;
    }
    if (has_fast_reply()) {
        begin(open_.at(answered_), method, request);
        settle();
        deliver();
        return Asked::kUsed;
    }
    if (is_full() && held_ > 0) {
        release_unknown();
        deliver();
    }
    if (is_full()) {
        lose_request(LostReason::kTooManyOpen);
        return Asked::kTooMany;
    }
    begin(open_.push(), method, request);
    return Asked::kWaits;
}

void ResumedOrder::use_unanswered(std::string_view method, const SeenMessage& request) {
    PendingCommand command;
    begin(command, method, request);
    command.end = request.last;
    hand_out(command, Outcome::kUnknown, {});
}

void ResumedOrder::begin(PendingCommand& command, std::string_view method, const SeenMessage& request) {
    ++started_;
    command.method = method;
    command.asked = true;
    command.began = request.begin;
    command.request_bytes = request.bytes;
}

// --- replies --------------------------------------------------------------------------------------------------------

PendingCommand* ResumedOrder::waiting(std::size_t index) {
    const std::size_t place = answered_ + index;
    if (place >= open_.size() || open_.at(place).answered) return nullptr;
    return &open_.at(place);
}

void ResumedOrder::take_reply(PendingCommand& command, const SeenMessage& reply) {
    if (!command.first_byte.seen()) command.first_byte = reply.begin.time;
    command.end = reply.last;
    command.response_bytes += reply.bytes;
}

void ResumedOrder::settle(bool hold) {
    open_.at(answered_).answered = true;
    ++answered_;
    if (hold || held_ > 0) ++held_;
    if (order_ == Order::kAssumed && answered_ >= kProof) prove();
}

void ResumedOrder::release_unknown() {
    for (std::size_t i = 0; i < held_; ++i) held(i).unknown = !held(i).failed;
    release();
}

ResumedOrder::Unasked ResumedOrder::on_unasked_reply(const SeenMessage& reply, std::string_view error) {
    deliver();
    switch (order_) {
        case Order::kKnown: {
            if (role_ != Role::kClient || open_.size() - answered_ >= kFastReplies) return Unasked::kNobody;
            PendingCommand& early = open_.push();
            take_reply(early, reply);
            early.answered = true;
            if (!error.empty()) early.fail(error);
            return Unasked::kFast;
        }
        case Order::kAssumed:
            lose_all(why_lost());
            order_ = Order::kLost;
            return Unasked::kProof;
        case Order::kLost:
            if (lost_waiting_ == 0) {
                lose_unnamed(why_lost());
            } else {
                --lost_waiting_;
            }
            return Unasked::kNobody;
    }
    __builtin_unreachable();
}

void ResumedOrder::answer_unseen(MonotonicTime end) {
    release_unknown();
    deliver();
    for (std::size_t i = answered_; i < open_.size(); ++i) {
        PendingCommand& command = open_.at(i);
        command.unknown |= i > answered_;
        command.answered = true;
        command.end = end;
    }
    answered_ = open_.size();
    if (order_ == Order::kAssumed) return;
    hand_out_answered();
    if (order_ == Order::kKnown) assume();
}

// --- losses ---------------------------------------------------------------------------------------------------------

void ResumedOrder::lose_request(LostReason reason) {
    release_unknown();
    if (order_ == Order::kAssumed) {
        lost_waiting_ += open_.size() - answered_;
        lose_all(why_lost());
    }
    order_ = Order::kLost;
    ++lost_waiting_;
    lose_unnamed(reason);
}

void ResumedOrder::lose_waiting(LostReason reason) {
    release_unknown();
    deliver();
    lost_waiting_ += open_.size() - answered_;
    lose_all(reason);
    order_ = Order::kLost;
}

// One whose request was not seen has not begun.
void ResumedOrder::lose_all(LostReason reason) {
    while (!open_.empty()) {
        if (open_.front().asked) context_.sink->on_lost(reason);
        open_.pop();
    }
    answered_ = held_ = 0;
}

// One that has no place among them.
void ResumedOrder::lose_unnamed(LostReason reason) {
    ++started_;
    context_.sink->on_lost(reason);
}

void ResumedOrder::end(std::optional<CloseReason> reason, MonotonicTime time, std::string_view ends_so) {
    release_unknown();
    hand_out_answered();
    while (!open_.empty()) {
        PendingCommand& command = open_.front();
        command.end = time;
        if (command.asked) end_front(reason, ends_so);
        open_.pop();
    }
}

void ResumedOrder::end_front(std::optional<CloseReason> reason, std::string_view ends_so) {
    const PendingCommand& command = open_.front();
    if (command.quiet) return hand_out(command, Outcome::kUnknown, {});
    if (!reason) return context_.sink->on_lost(LostReason::kUnfinished);
    if (command.method == ends_so) return hand_out(command, Outcome::kOk, {});
    hand_out(command, Outcome::kError, text_of(*reason));
}

// --- uses -----------------------------------------------------------------------------------------------------------

void ResumedOrder::hand_out(const PendingCommand& command, Outcome outcome, std::string_view error_type,
                            std::uint32_t count) {
    const bool server = role_ == Role::kServer;
    context_.sink->on_exchange({
        .kind = kind_,
        .role = role_,
        .outcome = outcome,
        .connection = context_.connection,
        .pid = command.began.pid,
        .tid = command.began.tid,
        .method = command.method,
        .target = {},
        .error_type = error_type,
        .begin = command.began.time,
        .first_byte = command.first_byte,
        .end = command.end,
        .bytes_in = server ? command.request_bytes : command.response_bytes,
        .bytes_out = server ? command.response_bytes : command.request_bytes,
        .count = count,
    });
}

void ResumedOrder::hand_out_front(std::uint32_t count) {
    const PendingCommand& command = open_.front();
    const Outcome answer = command.failed ? Outcome::kError : Outcome::kOk;
    hand_out(command, command.unknown ? Outcome::kUnknown : answer, command.error(), count);
    for (std::uint32_t i = 0; i < count; ++i) open_.pop();
}

void ResumedOrder::hand_out_answered() {
    while (answered_ > held_) {
        const std::uint32_t count = equal_answered();
        hand_out_front(count);
        answered_ -= count;
    }
}

// How many of those that are answered, from the front on.
std::uint32_t ResumedOrder::equal_answered() {
    std::uint32_t count = 1;
    while (count < answered_ - held_ && are_equal(open_.front(), open_.at(count))) ++count;
    return count;
}

}  // namespace footfall
