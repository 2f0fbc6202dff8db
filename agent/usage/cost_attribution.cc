#include "agent/usage/cost_attribution.h"

#include <algorithm>
#include <utility>

namespace footfall {
namespace {

// The numbers of threads are used again.
bool is_another(const ThreadTimes& from, const ThreadTimes& to) {
    constexpr std::uint64_t kMostStepBack = 1'000'000;
    return to.cpu_nanoseconds + kMostStepBack < from.cpu_nanoseconds || to.sleeps < from.sleeps;
}

}  // namespace

void CostAttribution::on_message(const Message& message) {
    if (!message.thread) return;
    reading_ = message.connection;
    // Until an exchange of it has ended, whoever is spoken to first is taken for the one that is called.
    const Role likely = message.direction == Direction::kReceived ? Role::kServer : Role::kClient;
    Connection& connection = served_.try_emplace(message.connection, Connection{.role = likely}).first.value();

    if (threads_.size() >= most_threads_) threads_.clear();
    const auto [place, is_new] = threads_.try_emplace(number(message.tid), Thread{message.pid, *message.thread, {}});
    Thread& thread = place.value();
    const bool is_known = !is_new && thread.pid == message.pid && !is_another(thread.times, *message.thread);
    Step step{.kind = kind_of(message, connection), .tid = message.tid, .before = {}, .after = {}};
    if (is_known) step.before = thread.serves;
    step.after = serving_after(step, message, connection);
    if (!is_known) {
        thread = {message.pid, *message.thread, step.after};
        return;
    }
    const Stretch stretch = stretch_between(thread.times, *message.thread);
    book(stretch, step);
    if (stretch.waits == 0 && !step.after) step.after = step.before;
    // Time that seemed to have passed must not pass again.
    const std::uint64_t cpu = std::max(thread.times.cpu_nanoseconds, message.thread->cpu_nanoseconds);
    thread = {message.pid, *message.thread, step.after};
    thread.times.cpu_nanoseconds = cpu;
}

CostAttribution::StepKind CostAttribution::kind_of(const Message& message, const Connection& connection) {
    if (message.length == 0 || connection.role == Role::kClient) return StepKind::kOther;
    return message.direction == Direction::kReceived ? StepKind::kRequest : StepKind::kResponse;
}

// What the thread serves from this message on.
std::optional<CostAttribution::Serving> CostAttribution::serving_after(const Step& step, const Message& message,
                                                                       Connection& connection) const {
    const std::optional<Serving> still = is_open(step.before) ? step.before : std::nullopt;
    if (step.kind == StepKind::kOther) {
        if (message.length == 0 || connection.role == Role::kServer) return still;
        if (message.direction == Direction::kSent) return connection.cause = still;
        return is_open(connection.cause) ? connection.cause : still;
    }
    if (!connection.open) {
        connection.open = true;
        // Of requests that came at once, the next one is answered.
        if (step.kind == StepKind::kRequest) ++connection.number;
    }
    if (step.kind == StepKind::kRequest) connection.read_by = step.tid;
    return Serving{message.connection, connection.number};
}

bool CostAttribution::is_open(const std::optional<Serving>& serving) const {
    if (!serving) return false;
    const auto found = served_.find(serving->connection);
    return found != served_.end() && found->second.open && found->second.number == serving->number;
}

void CostAttribution::book(const Stretch& stretch, const Step& step) {
    if (stretch.waits == 0) return add(step.kind == StepKind::kResponse ? step.after : step.before, stretch.before);
    add(step.before, stretch.before);
    add(owner_between(stretch, step), stretch.between);
    add(step.after, stretch.after);
}

std::optional<CostAttribution::Serving> CostAttribution::owner_between(const Stretch& stretch, const Step& step) const {
    if (step.before == step.after && is_open(step.after)) return step.after;
    if (step.kind == StepKind::kResponse) {
        const auto found = served_.find(step.after->connection);
        const bool handed_over = found != served_.end() && found->second.read_by != step.tid;
        return handed_over ? step.after : std::nullopt;
    }
    // Reading a request takes no time to speak of.
    return stretch.waits == 1 ? step.before : std::nullopt;
}

void CostAttribution::add(const std::optional<Serving>& serving, const ThreadCost& cost) {
    if (!serving || cost == ThreadCost{}) return;
    const auto found = served_.find(serving->connection);
    if (found == served_.end()) return;
    Connection& connection = found.value();
    const bool is_latest = serving->number == connection.number;
    const bool is_last = serving->number + (connection.open ? 1 : 0) == connection.number;
    if (is_latest && connection.open) {
        connection.cost += cost;
    } else if (is_last && connection.last) {
        usage_.add_cost(*connection.last, {.cpu = cost.cpu});
    }
}

void CostAttribution::on_use(ConnectionId id, const Use& use) {
    const auto found = served_.find(id);
    if (found == served_.end()) return;
    Connection& connection = found.value();
    connection.role = use.role;
    if (use.role == Role::kClient) return;
    connection.ended.push_back({use.operation, use.count, elapsed(use.begin, use.end)});
    if (reading_ != id) share_out(connection);
}

void CostAttribution::message_read() {
    const auto found = reading_ ? served_.find(*reading_) : served_.end();
    reading_.reset();
    if (found != served_.end() && !found->second.ended.empty()) share_out(found.value());
}

void CostAttribution::share_out(Connection& connection) {
    std::uint64_t uses = 0;
    for (const Ended& ended : connection.ended) uses += ended.count;
    for (const Ended& ended : connection.ended) {
        const auto share = [&](std::uint64_t all) { return all / uses * ended.count + all % uses * ended.count / uses; };
        const ThreadCost cost{share(connection.cost.cpu), share(connection.cost.queued)};
        const std::uint64_t open = ended.duration * ended.count;
        const std::uint64_t off_cpu = open > cost.cpu ? open - cost.cpu : 0;
        usage_.add_cost(ended.operation, {ended.count, cost.cpu, off_cpu, std::min(cost.queued, off_cpu)});
    }
    connection.last = connection.ended.back().operation;
    connection.ended.clear();
    connection.cost = {};
    connection.open = false;
}

}  // namespace footfall
