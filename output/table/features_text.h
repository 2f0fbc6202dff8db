// What was used of each feature, as people read it in a terminal. Ends with a newline.
#pragma once

#include <string>

#include "output/session/features.h"
#include "output/table/terminal_text.h"

namespace footfall {

// unused: only the features without a use.
[[nodiscard]] std::string features_text(const Snapshot& snapshot, const FeatureUses& uses, bool unused,
                                        const TerminalStyle& style);

}  // namespace footfall
