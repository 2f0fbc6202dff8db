// What could be used, and what was used of each feature, as metric families.
//
//   footfall_inventory_operations{state}                          how many items of the inventory are in each state; all
//   states
//                                                                 are there, and add up to the inventory
//   footfall_feature_uses_total{service_name,role,feature}        `other` is what belongs to no feature
//   footfall_feature_last_seen_timestamp_seconds{service_name,role,feature}
//
// A feature is no label of the families of operations: an operation may belong to several, so sums over it would count uses
// twice, and each histogram would be there once more. So there are as many series as states, and for each service and role
// one more than it uses features. A feature without any use is 0, with no service, so that rules can ask for that; one
// that was not watched is not there.
#pragma once

#include <vector>

#include "io/prometheus/client/metrics.pb.h"
#include "output/session/features.h"
#include "output/session/inventory.h"

namespace footfall {

void add_inventory(const InventoryAnswer& answer, std::vector<io::prometheus::client::MetricFamily>& families);
void add_features(const FeatureUses& uses, std::vector<io::prometheus::client::MetricFamily>& families);

}  // namespace footfall
