// Tells which processes have mapped code since the last look: the kernel's own records of executable mappings (perf_event's
// PERF_RECORD_MMAP2), of all processes, in a small ring for each CPU. Thread: one.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/base/result.h"

namespace footfall {

class MappingWatch {
public:
    static Result<MappingWatch> start();

    // Calls for each record, in no order between CPUs; the same process may come several times. True: records were lost, any
    // process may have mapped code.
    bool drain(const std::function<void(Pid)>& on_mapped);

private:
    struct Unmap {
        void operator()(void* ring) const;
    };
    struct Ring {
        Fd event;
        std::unique_ptr<void, Unmap> memory;
    };

    static bool drain(const Ring& ring, const std::function<void(Pid)>& on_mapped);

    std::vector<Ring> rings_;  // by CPU
};

}  // namespace footfall
