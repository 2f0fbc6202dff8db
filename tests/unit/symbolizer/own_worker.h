// The test program is its own symbolizer worker and debuginfod helper, as footfall is: main() is in worker_test.cc.
#pragma once

#include <chrono>

#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

constexpr const char* kWorkerArgument = "symbolizer-worker";
constexpr const char* kFetchArgument = "debuginfod-fetch";

inline SymbolizerOptions own_worker(std::chrono::milliseconds deadline = std::chrono::seconds(20)) {
    SymbolizerOptions options;
    options.command = {"/proc/self/exe", kWorkerArgument};
    options.deadline = deadline;
    return options;
}

}  // namespace footfall
