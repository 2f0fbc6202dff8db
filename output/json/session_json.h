// A snapshot as JSON, schema footfall.session/v1 (session.schema.json beside this file): keys are only ever added. Durations
// are seconds, times RFC 3339 in UTC, what is not known is null. Operations are sorted by uses, most first. Text that is not
// UTF-8 has U+FFFD where it is not.
#pragma once

#include <string>

#include "output/session/inventory.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// Indented by two spaces, ends with a newline.
// With `inventory`, also how a list compares to it.
[[nodiscard]] std::string session_json(const Snapshot& snapshot, const InventoryAnswer* inventory = nullptr);

}  // namespace footfall
