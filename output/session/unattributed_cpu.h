// What services ran that none of their operations has: CPU time before requests are read, of background work, of what
// footfall can't see.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

struct UnattributedCpu {
    std::string_view service;
    std::uint64_t nanoseconds = 0;
};

// Of the services that operations are known to have cost something, in their order. Valid as long as the snapshot.
[[nodiscard]] std::vector<UnattributedCpu> unattributed_cpu(const Snapshot& snapshot);

}  // namespace footfall
