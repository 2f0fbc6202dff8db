// The functions of a session as JSON: "function_files" of session.schema.json.
#pragma once

#include <nlohmann/json.hpp>

#include "output/session/snapshot.pb.h"

namespace footfall {

// Files in the order that they were met, functions most called first.
[[nodiscard]] nlohmann::ordered_json functions_json(const Snapshot& snapshot);

}  // namespace footfall
