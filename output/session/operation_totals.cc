#include "output/session/operation_totals.h"

#include <algorithm>
#include <tuple>

#include "output/session/histogram_math.h"

namespace footfall {

OperationTotals totals_of(const Operation& operation) {
    OperationTotals totals;
    for (const OutcomeUse& outcome : operation.outcomes()) {
        totals.uses += outcome.uses();
        if (!outcome.error_type().empty()) totals.errors += outcome.uses();
        if (outcome.tls()) totals.tls += outcome.uses();
        merge(totals.latency, outcome.latency());
    }
    return totals;
}

std::vector<RankedOperation> ranked_by_uses(const Snapshot& snapshot) {
    std::vector<RankedOperation> ranked;
    ranked.reserve(static_cast<std::size_t>(snapshot.operations_size()));
    for (const Operation& operation : snapshot.operations()) ranked.push_back({&operation, totals_of(operation)});
    const auto key = [](const RankedOperation& row) {
        const Operation& operation = *row.operation;
        return std::tuple<std::string_view, std::string_view, std::string_view, int>(
            operation.service(), operation.kind(), operation.operation(), operation.role());
    };
    std::sort(ranked.begin(), ranked.end(), [&](const RankedOperation& a, const RankedOperation& b) {
        return a.totals.uses != b.totals.uses ? a.totals.uses > b.totals.uses : key(a) < key(b);
    });
    return ranked;
}

std::string_view role_name(OperationRole role) {
    if (role == ROLE_SERVER) return "server";
    if (role == ROLE_CLIENT) return "client";
    return {};
}

}  // namespace footfall
