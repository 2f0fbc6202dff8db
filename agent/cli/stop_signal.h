// Ctrl-C and SIGTERM: the first one asks to stop in order, the second one ends the program at once.
#pragma once

#include <csignal>
#include <cstdint>

namespace footfall {

// Receives the signals as a file descriptor, from its construction on; the signals are blocked in all threads made later.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(const StopSignal&) = delete;
    StopSignal& operator=(const StopSignal&) = delete;

    // Sleeps for at most this long; true as soon as a stop was asked for.
    [[nodiscard]] bool wait(std::uint64_t nanoseconds);
    // From now on the signals act as usual: a second Ctrl-C ends the program.
    void release();

private:
    sigset_t signals_{};
    sigset_t before_{};
    bool asked_ = false;
    bool released_ = false;
};

}  // namespace footfall
