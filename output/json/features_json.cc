#include "output/json/features_json.h"

#include <string_view>

#include "output/json/distribution_json.h"
#include "output/json/inventory_json.h"
#include "output/session/operation_totals.h"

namespace footfall {
namespace {

using Json = nlohmann::ordered_json;

Json services_of(const FeatureUses& uses, std::string_view feature) {
    Json out = Json::array();
    for (const Operation& row : uses.rows) {
        if (row.operation() != feature) continue;
        const OperationTotals totals = totals_of(row);
        out.push_back({{"service", row.service()},
                       {"role", role_name(row.role())},
                       {"uses", totals.uses},
                       {"errors", totals.errors},
                       {"latency_seconds", distribution_json(totals.latency)}});
    }
    return out;
}

}  // namespace

Json features_json(const FeatureUses& uses) {
    Json features = Json::array();
    for (const FeatureUse& feature : uses.features) {
        Json out = inventory_line_json(feature.line);
        out.erase("line");
        Json named = {{"feature", feature.line.text}};
        named.update(out);
        named["operations"] = feature.operations;
        named["services"] = services_of(uses, feature.line.text);
        features.push_back(std::move(named));
    }
    return {{"features", std::move(features)}, {"no_feature", services_of(uses, kNoFeature)}};
}

}  // namespace footfall
