#include "agent/cli/progress_line.h"

#include <unistd.h>

#include <cstdio>

#include "agent/base/human_units.h"

namespace footfall {
namespace {

constexpr std::uint64_t kEvery = 500'000'000;
constexpr const char* kRewrite = "\r\x1b[K";

}  // namespace

ProgressLine::ProgressLine(bool wanted) : enabled_(wanted && isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(const LiveSession& session) {
    const MonotonicTime now = monotonic_now();
    if (!enabled_ || elapsed(last_, now) < kEvery) return;
    last_ = now;
    shown_ = true;
    const Progress progress = session.progress();
    std::fprintf(stderr, "%s%s  %s uses  %s lost  footfall %.1f%% of a core", kRewrite,
                 human_duration(static_cast<double>(progress.elapsed_nanoseconds) / 1e9).c_str(),
                 grouped(progress.uses).c_str(), grouped(progress.lost).c_str(), progress.agent_cpu_share * 100);
    if (progress.bpf.known) std::fprintf(stderr, " + %.0f ns an event", progress.bpf.nanoseconds_per_event);
    std::fflush(stderr);
}

void ProgressLine::clear() {
    if (shown_) std::fputs(kRewrite, stderr);
    shown_ = false;
}

}  // namespace footfall
