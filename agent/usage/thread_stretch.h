// What a thread did between two of its messages, told from what the scheduler counted at both.
#pragma once

#include <cstdint>

#include "agent/pipeline/stages.h"

namespace footfall {

// Nanoseconds of a thread.
struct ThreadCost {
    std::uint64_t cpu = 0;
    std::uint64_t queued = 0;  // it could have run, and had no CPU

    ThreadCost& operator+=(const ThreadCost& more) {
        cpu += more.cpu;
        queued += more.queued;
        return *this;
    }
    bool operator==(const ThreadCost&) const = default;
};

// A thread that waits may go on with something else. Where it waited once, what it did before and after can be told apart.
// Where it waited more often, or had to leave its CPU meanwhile, only its last run can: the rest is `between`.
struct Stretch {
    ThreadCost before;
    ThreadCost between;
    ThreadCost after;
    std::uint32_t waits = 0;
};

[[nodiscard]] Stretch stretch_between(const ThreadTimes& from, const ThreadTimes& to);

}  // namespace footfall
