// Ctrl-C, SIGTERM and a closed terminal: the first one asks to stop in order, the second one ends the program at once.
#pragma once

#include <csignal>
#include <cstdint>

namespace footfall {

// One at a time. Signals interrupt system calls that wait (a write into a full pipe fails with EINTR), so that nothing can
// keep the program from stopping.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    // Sleeps for at most this long; true as soon as a stop was asked for.
    [[nodiscard]] static bool wait(std::uint64_t nanoseconds);
    // Stopping has begun: the next signal ends the program at once. If none has asked for it (the watched process ended),
    // the first one still asks for what is under way, and interrupts nothing.
    void release();

private:
    bool released_ = false;
};

}  // namespace footfall
