// Reads files of /proc, /sys and /etc whole: text that the kernel makes up on the spot, so its size is known only by
// reading. Every read has an upper limit; what is beyond it is cut. Threads: any.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace footfall {

constexpr std::size_t kSmallFileLimit = std::size_t{64} << 10;

// The error is an errno.
tl::expected<std::string, int> read_small_file(const std::filesystem::path& file, std::size_t limit = kSmallFileLimit);

// The same, relative to an open directory.
tl::expected<std::string, int> read_small_file_at(int directory, const char* name, std::size_t limit = kSmallFileLimit);

// Its first line without the line end; nothing if it can't be read.
std::optional<std::string> read_first_line(const std::filesystem::path& file);

}  // namespace footfall
