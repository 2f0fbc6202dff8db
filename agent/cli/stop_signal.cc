#include "agent/cli/stop_signal.h"

#include <ctime>

#include "agent/base/clock.h"

namespace footfall {

StopSignal::StopSignal() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

StopSignal::~StopSignal() { release(); }

bool StopSignal::wait(std::uint64_t nanoseconds) {
    const timespec limit{static_cast<time_t>(nanoseconds / kNanosecondsPerSecond),
                         static_cast<long>(nanoseconds % kNanosecondsPerSecond)};
    if (!asked_ && sigtimedwait(&signals_, nullptr, &limit) > 0) asked_ = true;
    return asked_;
}

void StopSignal::release() {
    if (!released_) pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    released_ = true;
}

}  // namespace footfall
