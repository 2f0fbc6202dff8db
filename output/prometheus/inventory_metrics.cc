#include "output/prometheus/inventory_metrics.h"

#include "output/prometheus/family_builder.h"
#include "output/session/operation_totals.h"

namespace footfall {

using io::prometheus::client::COUNTER;
using io::prometheus::client::GAUGE;

void add_inventory(const InventoryAnswer& answer, std::vector<io::prometheus::client::MetricFamily>& families) {
    NumberFamily family("footfall_inventory_operations",
                        "What could be used, by whether it was since the agent began to watch.", GAUGE);
    for (std::size_t i = 0; i < kInventoryStates; ++i) {
        const auto state = static_cast<InventoryState>(i);
        family.add(Labels().with("state", name_of(state)), static_cast<double>(answer.count(state)));
    }
    family.finish(families);
}

void add_features(const FeatureUses& uses, std::vector<io::prometheus::client::MetricFamily>& families) {
    NumberFamily counts("footfall_feature_uses_total",
                        "Completed uses of each feature; `other` is what belongs to none, and what belongs to several "
                        "counts for each.",
                        COUNTER);
    NumberFamily last_seen("footfall_feature_last_seen_timestamp_seconds",
                           "When each feature was last used, in seconds since the epoch.", GAUGE);
    for (const FeatureUse& feature : uses.features) {
        const bool seen_to_be_none = feature.line.uses == 0 && feature.line.state != InventoryState::kNotWatched;
        if (seen_to_be_none) counts.add(Labels().with("feature", feature.line.text), 0);
    }
    for (const Operation& row : uses.rows) {
        Labels labels;
        labels.with("service_name", row.service()).with("role", role_name(row.role())).with("feature", row.operation());
        counts.add(labels, static_cast<double>(totals_of(row).uses));
        last_seen.raise(labels, static_cast<double>(row.last_seen_unix_nanos()) / 1e9);
    }
    counts.finish(families);
    last_seen.finish(families);
}

}  // namespace footfall
