// What the uses of an operation waited for, as far as samples of waits tell.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "output/session/snapshot.pb.h"

namespace footfall {

// Nanoseconds by reason: "run_queue" is measured; "io", "lock", "network" and "sleep" are the sum of what samples of waits
// stand for; "other" is the rest of the time off the CPU. They add up to it, or to more where that was estimated.
using WaitReasons = std::map<std::string, std::uint64_t, std::less<>>;

class OperationWaits {
public:
    // Holds no reference to the snapshot.
    explicit OperationWaits(const Snapshot& snapshot);

    // Of one with a known cost.
    [[nodiscard]] WaitReasons of(const Operation& operation) const;

private:
    std::map<std::pair<std::string, std::string>, WaitReasons> sampled_;  // by service and operation, with its kind
};

}  // namespace footfall
