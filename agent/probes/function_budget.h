// A budget: calls are counted at what each is expected to take, and functions that make it too much lose their probes, the
// most costly ones first. They are hot: so many calls, at least. Errors are the kernel's. Thread: one.
#pragma once

#include <span>

#include "agent/base/clock.h"
#include "agent/base/result.h"
#include "agent/probes/watched_file.h"

namespace footfall {

class FunctionBudget {
public:
    // share: of one processor, that counting may take.
    explicit FunctionBudget(double share) : share_(share) {}

    // Takes off what costs most until the rest fits. To be called every few milliseconds: most often it does nothing.
    Result<void> advance(std::span<WatchedFile> files, MonotonicTime now);

private:
    double share_;
    MonotonicTime last_look_;
};

}  // namespace footfall
