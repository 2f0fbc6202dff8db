// By how much a counter has grown, of which a later reading may be a little less: then, by nothing.
#pragma once

#include <cstdint>

namespace footfall {

constexpr std::uint64_t growth(std::uint64_t from, std::uint64_t to) { return to > from ? to - from : 0; }

}  // namespace footfall
