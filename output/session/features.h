// Features of a product: names that its owner gives to sets of operations and functions, and what was used of each.
//
// A feature's uses are those of all its operations; an operation may belong to several features, so the features' uses may
// add up to more than there were. What belongs to none is `other`, exactly. Services and roles stay apart, as they do for
// operations: a request that passes a proxy is a use of both.
#pragma once

#include <string>
#include <vector>

#include "output/session/inventory.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

constexpr std::string_view kFeatureKind = "feature";
constexpr std::string_view kNoFeature = "other";

struct FeaturePattern {
    std::string kind;  // of operations, or "function" or "usdt"
    std::string
        glob;  // of the name as reports have it: "POST /cart/*". http: also fits as a route, whatever its {…} are called
    std::string file;  // function, usdt: a glob of the last part of the file's path, or a path if it has a slash; empty: any
};

struct Feature {
    std::string name;
    std::vector<FeaturePattern> patterns;
    std::string place;  // "features.yaml:3"
};

using Features = std::vector<Feature>;

struct FeatureUse {
    // text: the name. It was watched if all of its patterns were: as long as that which was watched least. Unclear as items
    // of an inventory are.
    InventoryLine line;
    std::vector<std::string> operations;  // used ones: "http POST /cart", by name
};

struct FeatureUses {
    std::vector<FeatureUse> features;  // in the order in which they were given
    // One for each feature, service and role that has a use, as operations of kind "feature"; of functions, the service is
    // the file's name, and there is no role. `other` is among them.
    std::vector<Operation> rows;
};

[[nodiscard]] FeatureUses compare_features(const Snapshot& snapshot, const Features& features);

}  // namespace footfall
