// A snapshot as JSON, schema footfall.session/v1 (session.schema.json beside this file): keys are only ever added. Durations
// are seconds, times RFC 3339 in UTC, what is not known is null. Operations are sorted by uses, most first. Text that is not
// UTF-8 has U+FFFD where it is not.
#pragma once

#include <string>

#include "output/session/features.h"
#include "output/session/inventory.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// What was asked beside the session itself; null: it was not.
struct SessionAnswers {
    const InventoryAnswer* inventory = nullptr;
    const FeatureUses* features = nullptr;
};

// Indented by two spaces, ends with a newline.
[[nodiscard]] std::string session_json(const Snapshot& snapshot, const SessionAnswers& answers = {});

}  // namespace footfall
