// Coverage: each function has its probe until it was called, and is asked again every few minutes. So a function that is
// called a million times a second costs a few of those calls, and "never" is as sure as where all calls are counted.
// Errors are the kernel's. Thread: one.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/clock.h"
#include "agent/base/result.h"
#include "agent/probes/watched_file.h"

namespace footfall {

class FunctionCoverage {
public:
    // Takes off what has been called, and now and then puts all on again, so that it is known when each was last used. To be
    // called every few milliseconds: most often it does nothing.
    Result<void> advance(std::span<WatchedFile> files, MonotonicTime now);

private:
    MonotonicTime last_look_;
    std::uint64_t look_interval_ = 0;  // nanoseconds
    MonotonicTime last_put_on_;
};

}  // namespace footfall
