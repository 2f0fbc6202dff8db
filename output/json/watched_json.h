// How long and how completely something was watched, as JSON: "watched" of session.schema.json.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>

#include "output/session/snapshot.pb.h"

namespace footfall {

// null: not known.
[[nodiscard]] nlohmann::ordered_json time_json(std::int64_t unix_nanos);
[[nodiscard]] nlohmann::ordered_json watched_json(const Watched& watched);

}  // namespace footfall
