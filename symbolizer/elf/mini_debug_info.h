// .gnu_debugdata: a small ELF file inside of a stripped one, compressed with xz, that holds the symbols which .dynsym lacks
// (Fedora calls it mini debug info). Threads: any; no state.
#pragma once

#include <cstddef>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"

namespace footfall {

// kTooLarge where it would take more than max_bytes, kMalformed where it is not an xz stream.
tl::expected<std::vector<char>, Miss> inflate_mini_debug_info(std::string_view section, std::size_t max_bytes);

}  // namespace footfall
