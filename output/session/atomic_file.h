// Replaces a file as a whole or not at all: bytes go to a temporary file in the same directory, which is then renamed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace footfall {

enum class IfExists : std::uint8_t { kRefuse, kReplace };

// kRefuse fails if `path` is there already, and the error's fix names --force; kReplace takes the place of a regular file,
// and of nothing else: not of a directory, a device or a pipe. On failure `path` is untouched and nothing is left beside it.
// The mode is what the umask leaves of 0644. A symbolic link at `path` is replaced, not followed.
[[nodiscard]] Result<void> write_file_atomically(const std::string& path, std::string_view bytes, IfExists if_exists);

// Fails, as write_file_atomically would, before the work that makes the bytes is done.
[[nodiscard]] Result<void> check_destination(const std::string& path, IfExists if_exists);

}  // namespace footfall
