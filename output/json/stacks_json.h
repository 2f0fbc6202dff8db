// The "stacks" part of footfall.session/v1 (session.schema.json): locations once, and samples that name them by position.
#pragma once

#include <nlohmann/json.hpp>

#include "output/session/snapshot.pb.h"

namespace footfall {

[[nodiscard]] nlohmann::ordered_json stacks_json(const Stacks& stacks);

}  // namespace footfall
