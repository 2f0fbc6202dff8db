#include "agent/usage/thread_stretch.h"

#include <algorithm>

#include "agent/base/growth.h"

namespace footfall {

Stretch stretch_between(const ThreadTimes& from, const ThreadTimes& to) {
    // A thread's CPU time may seem to step back by microseconds (bpf/contract/socket_events.h).
    const ThreadCost all{growth(from.cpu_nanoseconds, to.cpu_nanoseconds),
                         growth(from.queued_nanoseconds, to.queued_nanoseconds)};
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
