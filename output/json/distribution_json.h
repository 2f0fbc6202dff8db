// Durations of many uses as JSON, in seconds: "distribution" of session.schema.json.
#pragma once

#include <nlohmann/json.hpp>

#include "output/session/snapshot.pb.h"

namespace footfall {

// All null where there are none.
[[nodiscard]] nlohmann::ordered_json distribution_json(const Histogram& histogram);

}  // namespace footfall
