// Who is watched: when the session begins, and as processes come and go.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "agent/session/live_session.h"

namespace footfall {
namespace {

constexpr std::size_t kMostRejected = 65536;

// One that has ended before anybody could look, as far as its execution tells.
ProcessFacts facts_of(const ProcessExecuted& executed) {
    return {.pid = executed.pid,
            .parent = executed.parent,
            .uid = executed.uid,
            .comm = std::string(executed.comm),
            .executable = std::string(executed.path)};
}

}  // namespace

Result<void> LiveSession::resolve_target(const HostView& host) {
    auto selectors = Selectors::resolve(options_.target, host);
    if (!selectors) return tl::unexpected<Error>(selectors.error());
    selectors_ = std::move(*selectors);
    auto watch = selectors_->watch(host);
    if (!watch) return tl::unexpected<Error>(watch.error());
    watch_ = std::move(*watch);
    return {};
}

// The part of a watch that the kernel applies by itself.
Result<ff_probe_config> LiveSession::probe_config_of(const Watch& watch) {
    ff_probe_config config{};
    config.own_pid = static_cast<std::uint32_t>(getpid());
    config.everything = watch.whole_host ? 1 : 0;
    config.by_pid = 1;
    config.command = number(watch.command);
    config.propose_executed = watch.judge_executed ? 1 : 0;
    if (watch.ports.size() > FF_MAX_PORTS || watch.cgroups.size() > FF_MAX_CGROUPS || watch.uids.size() > FF_MAX_UIDS) {
        return failure("too many targets: at most " + std::to_string(FF_MAX_PORTS) + " ports, users, and units or cgroups",
                       "watch a common parent (--cgroup), or the whole host", ExitCode::kUsage);
    }
    std::copy(watch.ports.begin(), watch.ports.end(), config.ports);
    config.port_count = static_cast<std::uint8_t>(watch.ports.size());
    for (const CgroupId& cgroup : watch.cgroups) {
        config.cgroups[config.cgroup_count] = cgroup.id;
        config.cgroup_levels[config.cgroup_count++] = cgroup.level;
    }
    for (const Uid uid : watch.uids) config.uids[config.uid_count++] = number(uid);
    return config;
}

// Once more, now that the kernel follows forks and executions: processes may have come since the first look.
Result<void> LiveSession::watch_now(const HostView& host) {
    if (watch_->whole_host) return {};
    const auto again = selectors_->watch(host);
    // Who has ended meanwhile, no event told of.
    for (const Pid pid : watch_->pids) {
        if (!host.processes.is_running(pid)) probes_->unwatch(pid);
    }
    if (again) {
        for (const Pid pid : again->pids) probes_->watch(pid);
    }
    return {};
}

bool LiveSession::target_alive() const {
    if (watch_->whole_host || watch_->judge_executed || !watch_->cgroups.empty() || !watch_->uids.empty()) return true;
    return probes_->watches_any();
}

bool LiveSession::watches(Pid pid) const { return watch_->whole_host || probes_->watches(pid); }

// The kernel side watches whatever executes until this has looked at it, and meanwhile also what that has forked.
bool LiveSession::on_executed(const ProcessExecuted& executed) {
    if (options_.sockets) look_at_host_for_tls();
    if (!executed.proposed && !rejected_.contains(executed.pid)) {
        look_for_functions(executed.pid, executed.time);
        return true;
    }
    const HostView host;
    const auto facts = host.processes.facts(executed.pid);
    if (!selectors_->matches(facts ? *facts : facts_of(executed))) {
        reject(executed.pid);
        rejects_execution_ = true;
        return false;
    }
    rejected_.erase(executed.pid);
    if (facts) probes_->watch(executed.pid);
    look_for_functions(executed.pid, executed.time);
    return true;
}

void LiveSession::look_for_functions(Pid pid, MonotonicTime begun) {
    if (functions_ && !ended_.seen() && watches(pid)) warn_of(functions_->look(pid, begun));
}

void LiveSession::on_forked(const ProcessForked& forked) {
    if (rejected_.contains(forked.parent)) return reject(forked.pid);
    rejected_.erase(forked.pid);
    if (functions_) functions_->on_forked(forked.parent, forked.pid);
}

void LiveSession::reject(Pid pid) {
    if (rejected_.size() >= kMostRejected) rejected_.clear();
    rejected_.insert(pid);
    probes_->unwatch(pid);
}

Result<void> LiveSession::watch_functions(const ff_probe_config& who) {
    if (!options_.functions) return {};
    follow_libraries();
    const bool by_pid = !watch_->whole_host && !watch_->judge_executed && watch_->cgroups.empty() && watch_->uids.empty();
    std::vector<Pid> processes = by_pid ? watch_->pids : std::vector<Pid>();
    if (by_pid && number(watch_->command) != 0) processes.push_back(watch_->command);
    SharedMapFds shared = probes_->shared_maps();
    if (stack_probe_) shared.walk = stack_probe_->walk_maps();
    functions_.emplace(*options_.functions, who, shared, std::move(processes));
    if (auto seen = functions_->look_at_paths(); !seen) return seen;
    if (!options_.program.empty()) {
        if (auto seen = functions_->look_at_program(options_.program); !seen) return seen;
    }
    if (watch_->whole_host || watch_->judge_executed || number(watch_->command) != 0) {
        if (auto seen = functions_->look_at_libraries(); !seen) return seen;
    }
    for (const Pid pid : watch_->whole_host ? HostView().processes.pids() : watch_->pids) {
        if (auto seen = functions_->look(pid); !seen) return seen;
    }
    functions_->prepare();
    return {};
}

// Libraries that are loaded later, and those of programs that are executed later.
void LiveSession::follow_libraries() {
    if (mapping_watch_ || !options_.functions->attach) return;
    auto watch = MappingWatch::start();
    if (!watch) return spdlog::warn("functions of libraries that are loaded later are not counted: {}", watch.error().what);
    mapping_watch_ = *std::move(watch);
}

// Once it is known which of the processes that executed are watched.
void LiveSession::follow_functions() {
    for (const CodeRecord& record : std::exchange(code_records_, {})) {
        if (watches(std::visit([](const auto& told) { return told.pid; }, record))) warn_of(functions_->on(record));
    }
    if (!std::exchange(code_records_lost_, false)) return;
    for (const Pid pid : HostView().processes.pids()) {
        if (watches(pid)) warn_of(functions_->look(pid));
    }
}

void LiveSession::warn_of(const Result<void>& seen) {
    if (!seen) spdlog::warn("{}", seen.error().what);
}

// What the processes have that are watched from the beginning on: their first connection is seen whole. Of others, the first
// may be seen late.
void LiveSession::look_for_tls() {
    for (const Pid pid : watch_->whole_host ? HostView().processes.pids() : watch_->pids) look_for_tls(pid, false);
    if (watch_->whole_host || watch_->judge_executed || number(watch_->command) != 0) look_at_host_for_tls();
}

bool LiveSession::look_for_tls(Pid pid, bool all) {
    const bool read = tls_->look(pid, all);
    if (tls_->probe() != nullptr) probes_->follow_tls(tls_->probed());
    return read;
}

void LiveSession::look_at_host_for_tls() {
    tls_->look_at_host();
    if (tls_->probe() != nullptr) probes_->follow_tls(tls_->probed());
}

}  // namespace footfall
