// How many functions of a file were called.
#pragma once

#include <cstdint>

#include "output/session/snapshot.pb.h"

namespace footfall {

struct UsedFunctions {
    std::uint64_t all = 0;     // that were picked, but for those that the loader calls of every file (_init and the like)
    std::uint64_t called = 0;  // of them
    std::uint64_t not_counted = 0;  // of them, those of which nobody knows
};

[[nodiscard]] UsedFunctions used_functions(const FunctionFile& file);

}  // namespace footfall
