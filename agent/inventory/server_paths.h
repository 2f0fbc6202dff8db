// Under which paths an API is found, by the URL of one of its servers (OpenAPI Specification, "Server Object").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/inventory/document.h"

namespace footfall {

constexpr std::size_t kMostServerPaths = 16;

// The path of a URL, or of a reference: "/v1" for "https://api.example.org/v1/?x" and for "./v1"; "" for none. A slash at
// the end is left out.
[[nodiscard]] std::string path_of_url(std::string_view url);

// Of a list of server objects, each path once, kMostServerPaths at most, of the first 64 servers. A variable without values
// stays a placeholder.
[[nodiscard]] std::vector<std::string> server_paths(const DocumentNode& servers);

}  // namespace footfall
