// What the user picks functions with: "[FILE!]GLOB".
//
//   place_order*          functions of the watched programs themselves
//   libssl*!SSL_*         … of the libraries that they map, by a glob of the file's name
//   /usr/lib/x.so!*       … of this file, whoever maps it
//   usdt:python:*         USDT probes of the program; with a file in front of them, of that
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

struct FunctionPattern {
    std::string file;  // a glob of the last part of a path, or a path if it has a slash; empty: the program
    std::string glob;

    [[nodiscard]] bool is_path() const { return file.find('/') != std::string::npos; }
};

// Usage errors name the word.
Result<std::vector<FunctionPattern>> parse_function_patterns(const std::vector<std::string>& words);

}  // namespace footfall
