// Tells which programs were executed and which code was mapped since the last look: the kernel's own records of it
// (perf_event's PERF_RECORD_COMM and PERF_RECORD_MMAP2), of all processes, in a small ring for each CPU. Thread: one.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/result.h"
#include "agent/stacks/code_history.h"

namespace footfall {

class MappingWatch {
public:
    static Result<MappingWatch> start();

    // Appends what came since the last time, in the order of time. True: records were lost.
    bool drain(std::vector<CodeRecord>& records);

private:
    struct Unmap {
        void operator()(void* ring) const;
    };
    struct Ring {
        Fd event;
        std::unique_ptr<void, Unmap> memory;
    };

    static bool drain(const Ring& ring, std::vector<CodeRecord>& records);

    std::vector<Ring> rings_;  // by CPU
};

}  // namespace footfall
