// The first bytes of the files that footfall writes. Each reader knows its own kind by them, and says of the other kind
// which command reads it.
#pragma once

#include <array>

namespace footfall {

constexpr std::array<char, 8> kSessionFileMagic = {'\x89', 'F', 'F', 'S', '\r', '\n', '\x1a', '\n'};
constexpr std::array<char, 8> kRawFileMagic = {'\x89', 'F', 'F', 'R', '\r', '\n', '\x1a', '\n'};

}  // namespace footfall
