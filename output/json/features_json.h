// What was used of each feature, as JSON: "features" and "no_feature" of session.schema.json.
#pragma once

#include <nlohmann/json.hpp>

#include "output/session/features.h"

namespace footfall {

[[nodiscard]] nlohmann::ordered_json features_json(const FeatureUses& uses);

}  // namespace footfall
