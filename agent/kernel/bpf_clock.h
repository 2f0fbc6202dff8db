// Measures what footfall's BPF programs cost, by the kernel's own run-time statistics. Keeping those costs every run two
// clock reads, so they are on for a tenth of the time and the result is scaled by the number of events.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/fd.h"

namespace footfall {

struct BpfCost {
    bool known = false;             // false: the kernel refused, or no event passed while it was measuring
    std::uint64_t nanoseconds = 0;  // all events of the session, estimated
    double nanoseconds_per_event = 0;
};

// Used by one thread; tick() is called at every drain.
class BpfClock {
public:
    // program_fds stay open as long as the clock lives.
    explicit BpfClock(std::vector<int> program_fds) : program_fds_(std::move(program_fds)) {}

    // events: submitted so far in the session.
    void tick(MonotonicTime now, std::uint64_t events);
    [[nodiscard]] BpfCost cost(std::uint64_t events) const;

private:
    [[nodiscard]] std::uint64_t run_time() const;
    void start(MonotonicTime now, std::uint64_t events);
    void stop(std::uint64_t events);

    std::vector<int> program_fds_;
    Fd statistics_;  // valid while the kernel measures
    MonotonicTime window_start_;
    std::uint64_t run_time_at_start_ = 0;
    std::uint64_t events_at_start_ = 0;
    std::uint64_t measured_run_time_ = 0;
    std::uint64_t measured_events_ = 0;
};

}  // namespace footfall
