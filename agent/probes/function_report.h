// Tells of a watched file in a snapshot. Reads the probes' counts as they are now; errors are the kernel's.
// Thread: the one of the file and of the symbolizer's client.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/result.h"
#include "agent/probes/caller_names.h"
#include "agent/probes/function_options.h"
#include "agent/probes/watched_file.h"

namespace footfall {

class FunctionFile;

// By operation: how often the functions of a probe (FunctionProbe::number()) were called for which.
struct FunctionOperation {
    std::uint32_t function = 0;
    std::string operation;
    std::uint64_t calls = 0;
};
using FunctionOperations = std::function<std::vector<FunctionOperation>(std::uint32_t probe)>;

// Which file it is, what is picked from it, and how often each was used. Callers are looked up, and operations asked for,
// if calls are told apart by them.
Result<void> report_uses(FunctionFile& out, const WatchedFile& file, const FunctionOptions& options, CallerNames& callers,
                         const FunctionOperations& operations);

// When it was watched, if it was, and how completely; and so when each function was seen. lost: events.
void report_times(FunctionFile& out, const WatchedFile& file, const ClockOffset& clock, MonotonicTime now,
                  std::uint64_t lost);

}  // namespace footfall
