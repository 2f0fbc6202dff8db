// This test program is the symbolizer's worker, too, as footfall is: main() is in module_loader_test.cc.
#pragma once

#include "agent/stacks/module_loader.h"

namespace footfall {

constexpr const char* kWorkerArgument = "symbolizer-worker";

inline LoaderOptions loader_options(const std::string& cache_directory) {
    LoaderOptions options;
    options.cache_directory = cache_directory;
    options.worker.command = {"/proc/self/exe", kWorkerArgument};
    return options;
}

inline LoaderOptions loader_without_worker(const std::string& cache_directory) {
    LoaderOptions options = loader_options(cache_directory);
    options.worker.command = {"/nonexistent"};
    return options;
}

}  // namespace footfall
