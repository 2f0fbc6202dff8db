// The stacks of a session: loaded, begun, and fed with what the kernel and the mappings of processes say.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>
#include <variant>
#include <vector>

#include "agent/session/live_session.h"

namespace footfall {
namespace {

constexpr std::uint64_t kPatienceAtStart = 300'000'000;  // with unwind tables that are being made
constexpr std::uint64_t kPatienceWithFiles =
    2 * kNanosecondsPerSecond;  // that processes map; it takes milliseconds as a rule

}  // namespace

Result<void> LiveSession::load_stacks(const ff_probe_config& who) {
    const StackConfig& config = options_.config.stacks;
    const bool of_calls = options_.functions && options_.functions->stacks;
    if (config.mode == StackMode::kNone && !of_calls) return {};
    if (watches_ports_alone()) {
        why_no_stacks_ = "a port alone is watched, and no process (--pid, --exe, …)";
        if (config.mode == StackMode::kAll) spdlog::warn("no stacks: {}", why_no_stacks_);
        return {};
    }
    const StackProbeSettings settings{who, config.frequency != 0 ? config.frequency : options_.frequency,
                                      config.mode == StackMode::kAll};
    auto probe = StackProbe::load(settings, probes_->shared_maps());
    if (!probe) return tl::unexpected<Error>(probe.error());
    stack_probe_ = std::move(*probe);
    auto watch = MappingWatch::start();
    if (!watch) return tl::unexpected<Error>(watch.error());
    mapping_watch_ = *std::move(watch);
    return {};
}

// Interpreters are found by what processes map: before the first stack, so that this one has their frames, too.
void LiveSession::meet_interpreters() {
    constexpr std::size_t kMostProcesses = 256;
    constexpr timespec kPause{0, 2'000'000};
    const MonotonicTime begin = monotonic_now();
    const auto is_patient = [&] { return elapsed(begin, monotonic_now()) < kPatienceWithFiles; };
    StackCollector* stacks = pipeline_->stacks();
    for (std::size_t i = 0; i < std::min(watch_->pids.size(), kMostProcesses) && is_patient(); ++i)
        stacks->processes().meet(watch_->pids[i], begin);
    while (stacks->looks_at_files() && is_patient()) {
        nanosleep(&kPause, nullptr);
        stacks->advance(monotonic_now());
    }
}

// Whoever waits when the session begins. Their stacks also tell which tables will be needed first; with those in place, the
// waits to come are walked in the kernel, rather than copied.
void LiveSession::take_waiting_threads() {
    meet_interpreters();
    Result<void> taken = stack_probe_->attach_waits();
    if (taken) taken = stack_probe_->take_waiting([this] { (void)drain(); });
    if (!taken) spdlog::warn("no stacks of threads that wait: {}", taken.error().what);
    wait_for_tables(kPatienceAtStart);
}

void LiveSession::begin_stacks() {
    const MonotonicTime now = monotonic_now();
    pipeline_->stacks()->session_begin(now);
    stack_probe_->set_waits_apart(0);
    if (options_.config.stacks.mode == StackMode::kNone) return;
    const auto attached = stack_probe_->attach_clock();
    if (attached) return;
    const bool waits = options_.config.stacks.mode == StackMode::kAll;
    if (!waits) why_no_stacks_ = attached.error().what;
    spdlog::warn("no stacks{}: {}", waits ? " of what runs" : "", attached.error().what);
}

void LiveSession::follow_mappings() {
    if (!mapping_watch_) return;
    std::vector<CodeRecord> records;
    const bool lost = mapping_watch_->drain(records);
    if (functions_) {
        code_records_.insert(code_records_.end(), records.begin(), records.end());
        code_records_lost_ |= lost;
    }
    StackCollector* stacks = pipeline_->stacks();
    if (stacks == nullptr) return;
    for (const CodeRecord& record : records) {
        stacks->processes().on(record);
        const auto* mapped = std::get_if<CodeMapped>(&record);
        if (mapped != nullptr && is_named_like_tls(mapped->mapping.path) && watches(mapped->pid))
            look_for_tls(mapped->pid, false);
    }
    if (lost) stacks->processes().on_code_records_lost();
}

// By the time that it is when the kernel side hears of it, not by that when the ring began to be read: waits of in between
// would count as if they had come in spite of it.
void LiveSession::adjust_waits() {
    if (!stack_probe_ || ended_.seen()) return;
    if (functions_) functions_->set_stacks_apart(pipeline_->stacks()->calls_apart(monotonic_now()));
    const std::uint32_t apart = pipeline_->stacks()->waits_apart(monotonic_now());
    if (apart != waits_apart_) stack_probe_->set_waits_apart(apart);
    waits_apart_ = apart;
}

// Tables that are being made complete the stacks of a short session.
void LiveSession::wait_for_tables(std::uint64_t patience_nanoseconds) {
    constexpr timespec kPause{0, 5'000'000};
    const MonotonicTime begin = monotonic_now();
    StackCollector* stacks = pipeline_->stacks();
    while (stacks != nullptr && stacks->busy() && elapsed(begin, monotonic_now()) < patience_nanoseconds) {
        nanosleep(&kPause, nullptr);
        stacks->advance(ended_.seen() ? ended_ : monotonic_now());
    }
}

}  // namespace footfall
