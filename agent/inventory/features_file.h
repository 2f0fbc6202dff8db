// Reads the user's features (output/session/features.h):
//
//   checkout:
//     - http POST /cart/checkout        # KIND and a glob of the operation's name, as reports have it
//     - postgresql INSERT orders
//     - function shop!place_order*      # [FILE!]GLOB, as `footfall functions` takes it
//   reports: [http GET /reports/*, "usdt:shop:report"]
//
// Of http, {…} in a route stands for a placeholder, whatever that is called. A feature may have one pattern instead of a
// list. Errors have the form FILE:LINE: what is wrong, and exit code kBadConfig; a file that is not there is kNoTarget.
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "output/session/features.h"

namespace footfall {

constexpr std::size_t kMostFeatures = 1000;

[[nodiscard]] Result<Features> parse_features(const std::string& file, std::string_view text);
[[nodiscard]] Result<Features> read_features(const std::string& file);

// "http POST /cart/*"; fails with what is wrong with it.
[[nodiscard]] Result<FeaturePattern> parse_feature_pattern(const std::string& text);

}  // namespace footfall
