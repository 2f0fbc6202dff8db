// What a session tells of itself, while it runs and at its end.
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>

#include "agent/session/live_session.h"

namespace footfall {
namespace {

std::uint64_t peak_rss_bytes() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

}  // namespace

KernelAccount LiveSession::kernel_account() const {
    const KernelCounters counters = probes_->counters();
    KernelAccount account{.submitted = counters[FF_COUNT_SUBMITTED] + own_events_};
    std::copy_n(counters.begin(), account.dropped.size(), account.dropped.begin());
    return account;
}

std::vector<FunctionOperation> LiveSession::function_operations(std::uint32_t probe) const {
    std::vector<FunctionOperation> all;
    for (const CallsByOperation::Calls& calls : pipeline_->calls().of_probe(probe)) {
        all.push_back({calls.function, pipeline_->operation_text(calls.operation), calls.calls});
    }
    return all;
}

Snapshot LiveSession::snapshot() const {
    Snapshot snapshot;
    pipeline_->fill(snapshot, clock_, kernel_account());
    utsname system{};
    uname(&system);
    SessionInfo& info = *snapshot.mutable_session();
    info.set_start_unix_nanos(clock_.wall(started_).nanoseconds);
    info.set_duration_nanos(elapsed(started_, ended_.seen() ? ended_ : monotonic_now()));
    info.set_host(system.nodename);
    info.set_kernel(system.release);
    info.set_footfall_version(options_.version);
    info.set_source("live");
    info.set_functions_alone(!options_.sockets);
    for (const std::string& word : options_.target_words) info.add_target(word);
    info.set_agent_cpu_nanos(static_cast<std::uint64_t>(read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_at_start_));
    info.set_agent_peak_rss_bytes(peak_rss_bytes());
    const BpfCost cost = bpf_clock_->cost(pipeline_->events());
    info.set_bpf_cpu_known(cost.known);
    info.set_bpf_cpu_nanos(cost.nanoseconds);
    if (functions_) {
        const auto filled = functions_->fill(snapshot, clock_, ended_.seen() ? ended_ : monotonic_now(),
                                             [this](std::uint32_t probe) { return function_operations(probe); });
        if (!filled) spdlog::warn("{}", filled.error().what);
    }
    return snapshot;
}

std::optional<StackCapture> LiveSession::stacks() const {
    const StackCollector* collector = pipeline_->stacks();
    if (collector == nullptr || options_.config.stacks.mode == StackMode::kNone) return std::nullopt;
    pipeline_->settle_samples();
    StackCapture capture = capture_stacks(*collector, ended_.seen() ? ended_ : monotonic_now());
    complete(capture);
    capture.period_nanoseconds = stack_probe_->period_nanoseconds();
    capture.clock = stack_probe_->clock();
    return capture;
}

std::optional<StackCapture> LiveSession::call_stacks() const {
    const StackCollector* collector = pipeline_->stacks();
    if (collector == nullptr || !functions_ || !options_.functions->stacks) return std::nullopt;
    pipeline_->settle_samples();
    StackCapture capture = capture_calls(*collector);
    match_counts(capture.samples);
    complete(capture);
    for (const Sample& sample : capture.samples)
        capture.called.try_emplace(sample.called, functions_->name_of(sample.called));
    return capture;
}

// How often each function was called is known exactly, where its calls came from is estimated.
void LiveSession::match_counts(std::vector<Sample>& calls) const {
    std::map<CalledFunction, double> estimates;
    for (const Sample& sample : calls) estimates[sample.called] += sample.samples;
    std::map<std::uint32_t, std::vector<std::uint64_t>> counts;
    for (Sample& sample : calls) {
        const auto [known, is_new] = counts.try_emplace(sample.called.probe);
        if (is_new) known->second = functions_->calls_of(sample.called.probe).value_or(std::vector<std::uint64_t>());
        if (sample.called.function >= known->second.size()) continue;
        const std::uint64_t count = known->second[sample.called.function];
        if (count != 0) sample.samples *= static_cast<double>(count) / estimates.at(sample.called);
    }
}

void LiveSession::complete(StackCapture& capture) const {
    for (const Sample& sample : capture.samples) {
        capture.services.try_emplace(sample.service, pipeline_->services().name(sample.service));
        if (sample.operation)
            capture.operations.try_emplace(*sample.operation, pipeline_->operation_text(*sample.operation));
        if (const auto user = users_.of(sample.pid)) capture.users.try_emplace(sample.pid, *user);
    }
    capture.detail = options_.config.stacks.lines ? Detail::kLines : Detail::kNames;
    const StackConfig& config = options_.config.stacks;
    capture.naming_patience = std::chrono::milliseconds(config.naming_patience_nanoseconds / 1'000'000);
    capture.debuginfod.urls = config.debuginfod;
    capture.debuginfod.cache_directory = config.debuginfod_cache;
    capture.debuginfod.patience = std::chrono::milliseconds(config.debuginfod_patience_nanoseconds / 1'000'000);
}

void LiveSession::clear_stacks() {
    if (pipeline_->stacks() == nullptr) return;
    pipeline_->settle_samples();
    pipeline_->stacks()->clear_profiles();
    pipeline_->stacks()->session_begin(monotonic_now());
}

Progress LiveSession::progress() const {
    const KernelAccount account = kernel_account();
    Progress progress;
    progress.elapsed_nanoseconds = elapsed(started_, monotonic_now());
    progress.uses = pipeline_->uses();
    for (const std::uint64_t count : account.dropped) progress.lost += count;
    const std::int64_t cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu_at_start_;
    progress.agent_cpu_share =
        static_cast<double>(cpu) / static_cast<double>(std::max<std::uint64_t>(progress.elapsed_nanoseconds, 1));
    progress.bpf = bpf_clock_->cost(pipeline_->events());
    return progress;
}

}  // namespace footfall
