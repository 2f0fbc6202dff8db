#include "agent/cli/stop_signal.h"

#include <ctime>

#include "agent/base/clock.h"

namespace footfall {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

// A signal handler can reach nothing but this.
volatile std::sig_atomic_t stop_asked = 0;

void ask_to_stop(int signal) {
    stop_asked = 1;
    std::signal(signal, SIG_DFL);
}

void heed_signals(int flags) {
    struct sigaction action {};
    action.sa_handler = ask_to_stop;
    action.sa_flags = flags;
    for (const int signal : kSignals) sigaction(signal, &action, nullptr);
}

void act_as_usual() {
    for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

}  // namespace

StopSignal::StopSignal() {
    stop_asked = 0;
    heed_signals(0);  // without SA_RESTART
}

StopSignal::~StopSignal() { act_as_usual(); }

bool StopSignal::wait(std::uint64_t nanoseconds) {
    const timespec pause{static_cast<time_t>(nanoseconds / kNanosecondsPerSecond),
                         static_cast<long>(nanoseconds % kNanosecondsPerSecond)};
    if (stop_asked == 0) nanosleep(&pause, nullptr);
    return stop_asked != 0;
}

void StopSignal::release() {
    if (released_) return;
    released_ = true;
    if (stop_asked != 0) return act_as_usual();
    heed_signals(SA_RESTART);
}

}  // namespace footfall
