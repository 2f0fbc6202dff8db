// A list of what could be used against what was, as JSON: "inventory" of session.schema.json.
#pragma once

#include <nlohmann/json.hpp>

#include "output/session/inventory.h"

namespace footfall {

[[nodiscard]] nlohmann::ordered_json inventory_line_json(const InventoryLine& line);
[[nodiscard]] nlohmann::ordered_json inventory_json(const InventoryAnswer& answer);

}  // namespace footfall
