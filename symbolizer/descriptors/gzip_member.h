// Inflates a gzip member (RFC 1952) that begins somewhere in other bytes; it tells its own end.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace footfall {

// As Go's writer begins one: no name, no time.
constexpr std::string_view kGzipBegin("\x1f\x8b\x08\0\0\0\0\0", 8);

// Nothing where it is no whole member, does not begin with `first`, or holds more than `most` bytes.
std::optional<std::string> inflate_member(std::string_view bytes, char first, std::size_t most);

}  // namespace footfall
