// Reads a YAML configuration file into a Config. Every error has the form FILE:LINE: what is wrong.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "agent/config/config.h"

namespace footfall {

// Settings in the file replace those of config; routes are added after those that are there.
[[nodiscard]] Result<void> read_config_file(const std::string& path, Config& config);

}  // namespace footfall
