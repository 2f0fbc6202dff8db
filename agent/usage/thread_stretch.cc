#include "agent/usage/thread_stretch.h"

#include <algorithm>

namespace footfall {
namespace {

// A thread's CPU time may seem to step back by microseconds (bpf/contract/socket_events.h).
std::uint64_t grown(std::uint64_t from, std::uint64_t to) { return to > from ? to - from : 0; }

}  // namespace

Stretch stretch_between(const ThreadTimes& from, const ThreadTimes& to) {
    const ThreadCost all{grown(from.cpu_nanoseconds, to.cpu_nanoseconds),
                         grown(from.queued_nanoseconds, to.queued_nanoseconds)};
    Stretch stretch{.waits = to.sleeps - from.sleeps};
    if (stretch.waits == 0) {
        stretch.before = all;
        return stretch;
    }
    const std::uint64_t last_run = std::min(to.run_nanoseconds, all.cpu);
    const bool tells_apart = stretch.waits == 1 && to.preempted == from.preempted;
    stretch.after = {last_run, tells_apart ? all.queued : 0};
    (tells_apart ? stretch.before : stretch.between) = {all.cpu - last_run, all.queued - stretch.after.queued};
    return stretch;
}

}  // namespace footfall
