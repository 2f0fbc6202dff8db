// The errors of an operation by name, most first, in little room: "500 ×12, reset ×1, +3 more".
#pragma once

#include <cstddef>
#include <string>

#include "output/session/snapshot.pb.h"

namespace footfall {

// Terminal-safe. As many types as fit in `width` columns, at least the most frequent one, shortened if it must be; how many
// others there are is said behind them. Empty: there were no errors. width is 40 or more.
[[nodiscard]] std::string error_types_text(const Operation& operation, std::size_t width);

}  // namespace footfall
