// What functions were called for: sessions that told calls apart by operation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

// Is there a file of functions whose calls were told apart by operation?
[[nodiscard]] bool tells_functions_by_operation(const Snapshot& snapshot);

// Leaves the calls that were made for these operations (operation_globs.h), so that a function without any is unused by
// them. Files that were not told apart go. Where no call is meant, nothing is done: the operations that there are, sorted.
std::optional<std::vector<std::string>> keep_functions_of(Snapshot& snapshot, const std::vector<std::string>& operations);

}  // namespace footfall
