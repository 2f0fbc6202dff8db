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

    if (threads_.size() >= most_threads_) forget_threads();
    const auto [place, is_new] = threads_.try_emplace(number(message.tid), Thread{message.pid, *message.thread, {}});
    Thread& thread = place.value();
    const bool is_known = !is_new && thread.pid == message.pid && !is_another(thread.times, *message.thread);
    Step step{.kind = kind_of(message, connection), .tid = message.tid, .before = {}, .after = {}};
    if (is_known) step.before = thread.serves;
    step.after = serving_after(step, message, connection);
    if (!is_known) {
        give_up(thread.samples);
        thread = {message.pid, *message.thread, step.after};
        return;
    }
    const Stretch stretch = stretch_between(thread.times, *message.thread);
    book(stretch, step);
    place_samples(thread.samples, thread.times, stretch, step);
    if (stretch.waits == 0 && !step.after) step.after = step.before;
    // Time that seemed to have passed must not pass again.
    const std::uint64_t cpu = std::max(thread.times.cpu_nanoseconds, message.thread->cpu_nanoseconds);
    thread.times = *message.thread;
    thread.times.cpu_nanoseconds = cpu;
    thread.serves = step.after;
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

bool CostAttribution::is_handed_over(const Step& step) const {
    const auto found = step.kind == StepKind::kResponse ? served_.find(step.after->connection) : served_.end();
    return found != served_.end() && found->second.read_by != step.tid;
}

std::optional<CostAttribution::Serving> CostAttribution::owner_between(const Stretch& stretch, const Step& step) const {
    if (step.before == step.after && is_open(step.after)) return step.after;
    if (step.kind == StepKind::kResponse) return is_handed_over(step) ? step.after : std::nullopt;
    // Reading a request takes no time to speak of.
    return stretch.waits == 1 ? step.before : std::nullopt;
}

std::optional<CostAttribution::Serving> CostAttribution::owner_of(const Taken& taken, const ThreadTimes& from,
                                                                  const Stretch& stretch, const Step& step) const {
    const auto waits_before = static_cast<std::uint16_t>(taken.sleeps - static_cast<std::uint16_t>(from.sleeps));
    if (taken.waits) return step.before == step.after && is_open(step.after) ? step.after : std::nullopt;
    if (stretch.waits == 0) return step.kind == StepKind::kResponse ? step.after : step.before;
    if (waits_before == 0) return step.before;
    if (waits_before >= stretch.waits) return step.after;
    return owner_between(stretch, step);
}

CostAttribution::Account CostAttribution::account_of(const std::optional<Serving>& serving) {
    const auto found = serving ? served_.find(serving->connection) : served_.end();
    if (found == served_.end()) return {};
    Connection& connection = found.value();
    if (serving->number == connection.number && connection.open) return {.open = &connection, .ended = {}};
    const bool is_last = serving->number + (connection.open ? 1 : 0) == connection.number;
    return {.ended = is_last ? connection.last : std::nullopt};
}

void CostAttribution::add(const std::optional<Serving>& serving, const ThreadCost& cost) {
    const Account account = account_of(serving);
    if (account.open != nullptr) {
        account.open->cost += cost;
    } else if (account.ended) {
        usage_.add_cost(*account.ended, {.cpu = cost.cpu});
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
    for (const SampleId id : std::exchange(connection.samples, {})) tell(id, connection.ended.front().operation);
    connection.last = connection.ended.back().operation;
    connection.ended.clear();
    connection.cost = {};
    connection.open = false;
}

void CostAttribution::on_connection_gone(ConnectionId id) {
    const auto found = served_.find(id);
    if (found == served_.end()) return;
    for (const SampleId sample : found->second.samples) tell(sample, std::nullopt);
    served_.erase(found);
}

void CostAttribution::forget_threads() {
    for (auto thread = threads_.begin(); thread != threads_.end(); ++thread) give_up(thread.value().samples);
    threads_.clear();
}

// --- samples --------------------------------------------------------------------------------------------------------

void CostAttribution::on_sample(SampleId id, const StackTaken& taken) {
    const auto found = threads_.find(number(taken.tid));
    ++samples_;
    if (found == threads_.end() || samples_ > kMostSamples) return tell(id, std::nullopt);
    found.value().samples.push_back({id, taken.sleeps, taken.state == StackState::kBlocked});
}

void CostAttribution::place_samples(std::vector<Taken>& samples, const ThreadTimes& from, const Stretch& stretch,
                                    const Step& step) {
    for (const Taken& taken : samples) {
        const Account account = account_of(owner_of(taken, from, stretch, step));
        if (account.open != nullptr) {
            account.open->samples.push_back(taken.id);
        } else {
            tell(taken.id, account.ended);
        }
    }
    samples.clear();
}

void CostAttribution::give_up(std::vector<Taken>& samples) {
    for (const Taken& taken : samples) tell(taken.id, std::nullopt);
    samples.clear();
}

void CostAttribution::give_up_samples() {
    for (auto thread = threads_.begin(); thread != threads_.end(); ++thread) give_up(thread.value().samples);
    for (auto served = served_.begin(); served != served_.end(); ++served) {
        for (const SampleId id : std::exchange(served.value().samples, {})) tell(id, std::nullopt);
    }
}

void CostAttribution::tell(SampleId id, std::optional<OperationId> operation) {
    --samples_;
    on_sample_(id, operation);
}

}  // namespace footfall
