// Sums over the outcomes of an operation, and the order in which people want to read operations.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

struct OperationTotals {
    std::uint64_t uses = 0;
    std::uint64_t errors = 0;  // uses whose outcome has an error_type
    std::uint64_t tls = 0;     // uses over TLS
    Histogram latency;         // of all outcomes
};

[[nodiscard]] OperationTotals totals_of(const Operation& operation);

// An operation of the snapshot with its totals. Valid as long as the snapshot.
struct RankedOperation {
    const Operation* operation = nullptr;
    OperationTotals totals;
};

// Most used first; equal ones by service, name and role, so that two runs print the same.
[[nodiscard]] std::vector<RankedOperation> ranked_by_uses(const Snapshot& snapshot);

// "server", "client", or empty.
[[nodiscard]] std::string_view role_name(OperationRole role);

}  // namespace footfall
