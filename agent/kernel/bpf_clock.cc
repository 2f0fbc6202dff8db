#include "agent/kernel/bpf_clock.h"

#include <bpf/bpf.h>

namespace footfall {
namespace {

constexpr std::uint64_t kPeriod = 1'000'000'000;
constexpr std::uint64_t kMeasured = kPeriod / 10;

}  // namespace

std::uint64_t BpfClock::run_time() const {
    std::uint64_t total = 0;
    for (const int fd : program_fds_) {
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        if (bpf_obj_get_info_by_fd(fd, &info, &size) == 0) total += info.run_time_ns;
    }
    return total;
}

void BpfClock::tick(MonotonicTime now, std::uint64_t events) {
    if (!window_start_.seen()) return start(now, events);
    const std::uint64_t in_window = elapsed(window_start_, now);
    if (statistics_.valid() && in_window >= kMeasured) stop(events);
    if (in_window >= kPeriod) start(now, events);
}

void BpfClock::start(MonotonicTime now, std::uint64_t events) {
    window_start_ = now;
    statistics_ = Fd(bpf_enable_stats(BPF_STATS_RUN_TIME));
    run_time_at_start_ = run_time();
    events_at_start_ = events;
}

void BpfClock::stop(std::uint64_t events) {
    measured_run_time_ += run_time() - run_time_at_start_;
    measured_events_ += events - events_at_start_;
    statistics_.reset();
}

BpfCost BpfClock::cost(std::uint64_t events) const {
    std::uint64_t time = measured_run_time_;
    std::uint64_t count = measured_events_;
    if (statistics_.valid()) {
        time += run_time() - run_time_at_start_;
        count += events - events_at_start_;
    }
    if (count == 0) return {};
    const double per_event = static_cast<double>(time) / static_cast<double>(count);
    return {true, static_cast<std::uint64_t>(per_event * static_cast<double>(events)), per_event};
}

}  // namespace footfall
