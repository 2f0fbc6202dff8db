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

// Until an exchange of its connection has ended, whoever is spoken to first is taken for the one that is called, but for
// MySQL, whose servers greet.
Role likely_role(const Message& message) {
    const bool server_begins = message.protocol == Protocol::kMysql;
    return (message.direction == Direction::kReceived) != server_begins ? Role::kServer : Role::kClient;
}

}  // namespace

void CostAttribution::on_message(const Message& message) {
    if (!message.thread) return;
    reading_ = message.connection;
    Connection& connection = served_.try_emplace(message.connection, Connection{.role = likely_role(message)}).first.value();

    if (threads_.size() >= most_threads_) forget_threads();
    const auto [place, is_new] = threads_.try_emplace(number(message.tid), Thread{message.pid, *message.thread, {}});
    Thread& thread = place.value();
    const bool is_known = !is_new && thread.pid == message.pid && !is_another(thread.times, *message.thread);
    Step step{.kind = kind_of(message, connection), .tid = message.tid, .before = {}, .after = {}};
    if (is_known) step.before = thread.serves;
    step.after = serving_after(step, message, connection);
    reading_kind_ = step.kind;
    reading_by_ = message.tid;
    if (!is_known) {
        give_up(thread.samples);
        drop(thread.unclaimed);
        thread = {message.pid, *message.thread, step.after};
        return;
    }
    const Stretch stretch = stretch_between(thread.times, *message.thread);
    book(stretch, step);
    const bool was_answered = message.direction == Direction::kReceived && thread.asked == message.connection;
    const bool unclaimed = step.kind == StepKind::kOther && keep_unclaimed(thread, stretch, step, was_answered);
    if (step.kind == StepKind::kResponse && stretch.waits == 0 && is_handed_over(step))
        move(thread.unclaimed, connection.response);
    if (!unclaimed) drop(thread.unclaimed);
    place_samples(thread, stretch, step, unclaimed);
    const bool asks = connection.role == Role::kClient && message.direction == Direction::kSent;
    thread.asked = asks ? std::optional(message.connection) : std::nullopt;
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
    if (stretch.waits == 0) return add(step.kind == StepKind::kResponse ? step.after : step.before, step, stretch.before);
    add(step.before, step, stretch.before);
    add(owner_between(stretch, step), step, stretch.between);
    add(step.after, step, stretch.after);
}

// False: the thread serves somebody, or it is not known that it goes on with what it did.
bool CostAttribution::keep_unclaimed(Thread& thread, const Stretch& stretch, const Step& step, bool was_answered) {
    if (step.after || (stretch.waits == 0 && step.before)) return false;
    if (stretch.waits != 0 && (!was_answered || step.before)) drop(thread.unclaimed);
    const bool goes_on = stretch.waits == 0 || (was_answered && !step.before);
    if (goes_on) {
        thread.unclaimed.cost += stretch.before;
        thread.unclaimed.cost += stretch.between;
    }
    thread.unclaimed.cost += stretch.after;
    return true;
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

CostAttribution::Place CostAttribution::place_of(const std::optional<Serving>& serving, const Step& step) {
    const auto found = serving ? served_.find(serving->connection) : served_.end();
    if (found == served_.end()) return {};
    Connection& connection = found.value();
    if (serving->number == connection.number && connection.open) {
        const bool is_response = step.kind == StepKind::kResponse && serving == step.after;
        return {.account = is_response ? &connection.response : &connection.account, .ended = {}};
    }
    const bool is_last = serving->number + (connection.open ? 1 : 0) == connection.number;
    return {.ended = is_last ? connection.last : std::nullopt};
}

void CostAttribution::add(const std::optional<Serving>& serving, const Step& step, const ThreadCost& cost) {
    const Place place = place_of(serving, step);
    if (place.account != nullptr) {
        place.account->cost += cost;
    } else if (place.ended) {
        usage_.add_cost(*place.ended, {.cpu = cost.cpu});
    }
}

void CostAttribution::move(Account& from, Account& to) {
    to.cost += std::exchange(from.cost, {});
    to.samples.insert(to.samples.end(), from.samples.begin(), from.samples.end());
    from.samples.clear();
}

void CostAttribution::drop(Account& account) {
    account.cost = {};
    for (const SampleId id : std::exchange(account.samples, {})) tell(id, std::nullopt);
}

void CostAttribution::on_use(ConnectionId id, const Use& use) {
    const auto found = served_.find(id);
    if (found == served_.end()) return;
    Connection& connection = found.value();
    if (use.role == Role::kClient) {
        if (std::exchange(connection.role, use.role) != use.role) forget(connection);
        return;
    }
    connection.role = use.role;
    connection.ended.push_back({use.operation, use.count, elapsed(use.begin, use.end), {}, use.number});
    if (reading_ != id) share_out(connection, 0);
}

// It is not what it was taken for.
void CostAttribution::forget(Connection& connection) {
    drop(connection.account);
    drop(connection.response);
    connection.open = false;
    connection.last.reset();
}

void CostAttribution::message_read(std::uint64_t still_open) {
    const auto found = reading_ ? served_.find(*reading_) : served_.end();
    reading_.reset();
    if (found == served_.end()) return;
    Connection& connection = found.value();
    const bool ended_some = !connection.ended.empty();
    if (ended_some) {
        share_out(connection, still_open);
        // Which of those that are still open the thread goes on with is not known.
        const auto thread = threads_.find(number(reading_by_));
        if (still_open != 0 && thread != threads_.end()) thread.value().serves.reset();
    } else {
        move(connection.response, connection.account);
    }
    connection.open = still_open != 0 && connection.role == Role::kServer;
    if (connection.open) return;
    // What neither begins nor ends an exchange (a ping, a greeting, what was lost) is of none, and so is what follows it.
    drop(connection.account);
    if (!ended_some && reading_kind_ != StepKind::kOther) connection.last.reset();
}

void CostAttribution::share_out(Connection& connection, std::uint64_t still_open) {
    std::uint64_t uses = 0;
    for (const Ended& ended : connection.ended) uses += ended.count;
    share(connection, connection.response, uses);
    share(connection, connection.account, uses + still_open);
    for (const Ended& ended : connection.ended) {
        const std::uint64_t open = ended.duration * ended.count;
        const std::uint64_t off_cpu = open > ended.cost.cpu ? open - ended.cost.cpu : 0;
        if (on_cost_) on_cost_(ended.use, ended.cost.cpu / ended.count);
        usage_.add_cost(ended.operation, {ended.count, ended.cost.cpu, off_cpu, std::min(ended.cost.queued, off_cpu)});
    }
    connection.last = connection.ended.back().operation;
    connection.ended.clear();
}

// Gives each of those that have ended its part of what is in the account; the rest stays.
void CostAttribution::share(Connection& connection, Account& account, std::uint64_t among) {
    const ThreadCost all = account.cost;
    std::uint64_t uses = 0;
    for (Ended& ended : connection.ended) {
        const auto part = [&](std::uint64_t whole) {
            return whole / among * ended.count + whole % among * ended.count / among;
        };
        const ThreadCost cost{part(all.cpu), part(all.queued)};
        ended.cost += cost;
        account.cost.cpu -= cost.cpu;
        account.cost.queued -= cost.queued;
        uses += ended.count;
    }
    const auto told = static_cast<std::ptrdiff_t>(account.samples.size() * uses / among);
    const auto rest = account.samples.begin() + told;
    for (auto id = account.samples.begin(); id != rest; ++id) tell(*id, connection.ended.front().operation);
    account.samples.erase(account.samples.begin(), rest);
}

void CostAttribution::on_connection_gone(ConnectionId id) {
    const auto found = served_.find(id);
    if (found == served_.end()) return;
    drop(found.value().account);
    drop(found.value().response);
    served_.erase(found);
}

void CostAttribution::forget_threads() {
    for (auto thread = threads_.begin(); thread != threads_.end(); ++thread) {
        give_up(thread.value().samples);
        drop(thread.value().unclaimed);
    }
    threads_.clear();
}

// --- samples --------------------------------------------------------------------------------------------------------

void CostAttribution::on_sample(SampleId id, const ThreadMoment& moment) {
    const auto found = threads_.find(number(moment.tid));
    if (id < kUncounted) {
        if (samples_ >= kMostSamples) give_up_from(0, kUncounted - 1);  // some thread says nothing any more
        ++samples_;
    }
    if (found == threads_.end()) return tell(id, std::nullopt);
    found.value().samples.push_back({id, moment.sleeps, moment.waits});
}

void CostAttribution::place_samples(Thread& thread, const Stretch& stretch, const Step& step, bool unclaimed) {
    for (const Taken& taken : thread.samples) {
        const std::optional<Serving> owner = owner_of(taken, thread.times, stretch, step);
        const Place place = place_of(owner, step);
        if (place.account != nullptr) {
            place.account->samples.push_back(taken.id);
        } else if (!owner && unclaimed && !taken.waits) {
            thread.unclaimed.samples.push_back(taken.id);
        } else {
            tell(taken.id, place.ended);
        }
    }
    thread.samples.clear();
}

void CostAttribution::give_up(std::vector<Taken>& samples) {
    for (const Taken& taken : samples) tell(taken.id, std::nullopt);
    samples.clear();
}

void CostAttribution::give_up_samples() { give_up_from(0, ~SampleId{0}); }

// Of all, those whose numbers lie between.
void CostAttribution::give_up_from(SampleId first, SampleId last) {
    const auto is_meant = [&](SampleId id) { return id >= first && id <= last; };
    const auto give_up_ids = [&](std::vector<SampleId>& ids) {
        for (const SampleId id : ids) {
            if (is_meant(id)) tell(id, std::nullopt);
        }
        std::erase_if(ids, is_meant);
    };
    for (auto thread = threads_.begin(); thread != threads_.end(); ++thread) {
        for (const Taken& taken : thread.value().samples) {
            if (is_meant(taken.id)) tell(taken.id, std::nullopt);
        }
        std::erase_if(thread.value().samples, [&](const Taken& taken) { return is_meant(taken.id); });
        give_up_ids(thread.value().unclaimed.samples);
    }
    for (auto served = served_.begin(); served != served_.end(); ++served) give_up_ids(served.value().account.samples);
}

void CostAttribution::tell(SampleId id, std::optional<OperationId> operation) {
    if (id < kUncounted) --samples_;
    on_sample_(id, operation);
}

}  // namespace footfall
