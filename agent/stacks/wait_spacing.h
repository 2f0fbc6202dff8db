// How far apart the waits of a thread are to be taken, so that no more than so many are taken in a second.
//
// Waits are counted by the time they began, not by the time they are read: what lay in the ring when the spacing was last
// changed, is of before, and says nothing of what the change does.
// Thread: any one.
#pragma once

#include <cstdint>

#include "agent/base/clock.h"

namespace footfall {

class WaitSpacing {
public:
    // Not 0.
    explicit WaitSpacing(std::uint32_t most_a_second) : most_a_second_(most_a_second) {}

    // Waits are taken from then on, all of them.
    void begin(MonotonicTime now);
    void on_wait(MonotonicTime began) { waits_ += changed_.seen() && began >= changed_ ? 1 : 0; }
    // Nanoseconds; 0: all are taken. To be asked whenever the ring has been read.
    std::uint32_t adjust(MonotonicTime now);

private:
    double most_a_second_;
    MonotonicTime changed_;  // since then waits are counted
    std::uint64_t waits_ = 0;
    std::uint64_t apart_ = 0;
};

}  // namespace footfall
