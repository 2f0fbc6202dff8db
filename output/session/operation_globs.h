// Which operations the user means by globs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace footfall {

// operation: kind and name. "http GET /orders" is meant by "http GET*" and by "GET /orders"; all are, where no globs are
// given.
[[nodiscard]] bool means_operation(const std::vector<std::string>& globs, std::string_view operation);

}  // namespace footfall
