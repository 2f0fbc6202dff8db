#include "agent/protocols/postgresql/open_steps.h"

#include <utility>

namespace footfall::postgresql {
namespace {

constexpr std::size_t kKeptNameCapacity = 256;  // a longer name's buffer is given back

}  // namespace

void recycle(Step& step) {
    std::string text = std::move(step.name.text);
    text.clear();
    if (text.capacity() > kKeptNameCapacity) text.shrink_to_fit();
    step = Step{};
    step.name.text = std::move(text);
}

void OpenSteps::restart(const ReaderContext& context) {
    context_ = context;
    forget();
}

Step& OpenSteps::push(StepKind kind, bool is_use, const Stamp& stamp) {
    Step& step = steps_.push();
    step.kind = kind;
    step.is_use = is_use;
    step.began = stamp;
    started_ += is_use ? 1 : 0;
    ready_count_ += kind == StepKind::kReady ? 1 : 0;
    return step;
}

void OpenSteps::leave() {
    ready_count_ -= front().kind == StepKind::kReady ? 1 : 0;
    steps_.pop();
}

void OpenSteps::pop() {
    started_ -= front().is_use ? 1 : 0;
    leave();
}

void OpenSteps::end(const Step& step, std::string_view operation, std::string_view collection, const Ended& ended) {
    if (!holds_back_) return hand_out(step, operation, collection, ended);
    held_.push_back({step, ended.outcome, std::string(ended.error_type), ended.end, ended.response_bytes});
    held_.back().step.name.set(operation, collection);
}

void OpenSteps::hand_out(const Step& step, std::string_view operation, std::string_view collection, const Ended& ended) {
    const bool server = role_ == Role::kServer;
    context_.sink->on_exchange({
        .kind = Kind::kPostgresql,
        .role = role_,
        .outcome = ended.outcome,
        .connection = context_.connection,
        .pid = step.began.pid,
        .tid = step.began.tid,
        .method = operation,
        .target = collection,
        .error_type = ended.error_type,
        .begin = step.began.time,
        .first_byte = step.first_byte,
        .end = ended.end,
        .bytes_in = server ? step.request_bytes : ended.response_bytes,
        .bytes_out = server ? ended.response_bytes : step.request_bytes,
    });
}

void OpenSteps::finish_front(Outcome outcome, std::string_view error_type, MonotonicTime end, std::uint64_t response_bytes) {
    const Step& step = front();
    started_ += step.is_use ? 0 : 1;
    this->end(step, step.name.operation(), step.name.collection(), {outcome, error_type, end, response_bytes});
    leave();
}

void OpenSteps::finish_extra(const Step& like, std::string_view operation, Outcome outcome, std::string_view error_type,
                             MonotonicTime end, std::uint64_t response_bytes) {
    ++started_;
    this->end(like, operation, {}, {outcome, error_type, end, response_bytes});
}

void OpenSteps::prove() {
    holds_back_ = false;
    for (const Held& held : held_) {
        const ShortName& name = held.step.name;
        hand_out(held.step, name.operation(), name.collection(),
                 {held.outcome, held.error_type, held.end, held.response_bytes});
    }
    held_ = {};
}

void OpenSteps::lose_held(LostReason reason) {
    for (std::size_t i = 0; i < held_.size(); ++i) context_.sink->on_lost(reason);
    held_ = {};
}

Step* OpenSteps::oldest_use() {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
        if (steps_.at(i).is_use) return &steps_.at(i);
    }
    return nullptr;
}

void OpenSteps::lose_extra(LostReason reason) {
    ++started_;
    context_.sink->on_lost(reason);
}

void OpenSteps::lose_front(LostReason reason) {
    context_.sink->on_lost(reason);
    leave();
}

void OpenSteps::withdraw_until_ready() {
    while (!empty() && front().kind != StepKind::kReady) pop();
}

std::size_t OpenSteps::lose_all(LostReason reason) {
    std::size_t uses = 0;
    for (; !empty(); leave()) {
        if (!front().is_use) continue;
        context_.sink->on_lost(reason);
        ++uses;
    }
    return uses;
}

void OpenSteps::close(CloseReason reason, MonotonicTime time) {
    prove();
    while (!empty()) {
        if (front().is_use) {
            finish_front(Outcome::kError, text_of(reason), time, 0);
        } else {
            pop();
        }
    }
}

void OpenSteps::forget() {
    while (!empty()) leave();
    held_ = {};
    holds_back_ = false;
    started_ = 0;
}

}  // namespace footfall::postgresql
