// What the user picks functions with: "[FILE!]GLOB", "[FILE!]/REGEX/" or "[FILE!]@SOURCE".
//
//   place_order*          functions of the watched programs themselves
//   libssl*!SSL_*         … of the libraries that they map, by a glob of the file's name
//   /usr/lib/x.so!*       … of this file, whoever maps it
//   /^shop::(get|set)/    … whose names a regular expression finds something in (RE2)
//   @src/cart/*.cc        … that were compiled from source files, by a glob of the path or its end
//   usdt:python:*         USDT probes of the program; with a file in front of them, of that
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

enum class PickedBy : std::uint8_t { kGlob, kRegex, kSource };

struct FunctionPattern {
    std::string file;  // a glob of the last part of a path, or a path if it has a slash; empty: the program
    std::string glob;  // or what `by` says, without its marks
    PickedBy by = PickedBy::kGlob;

    [[nodiscard]] bool is_path() const { return file.find('/') != std::string::npos; }
};

// Usage errors name the word.
Result<std::vector<FunctionPattern>> parse_function_patterns(const std::vector<std::string>& words);

}  // namespace footfall
