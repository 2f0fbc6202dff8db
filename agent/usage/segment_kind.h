// What one segment of a path looks like: a name that a programmer chose, or a value that a program put there.
//
//   kName   v1  v1beta1  2.0  hello.world  k6-test-runs  getUserById  and all that is none of the others
//   kId     1042  -7
//   kUuid   8-4-4-4-12 hex digits
//   kDate   2024-01-15  2024-01  2024-01-15T10:00:00Z
//   kHash   hex of 16 characters and more, or of 8 and more with digits and letters: 9f8a7c6b; and tokens that mix classes
//   of
//           characters as no word does: cus_9s6XKzkNRiz8i3
//   kValue  jo@example.org  %D0%B0%D0%B1  10.0.0.7  52.5200,13.4050, whatever is longer than 64, or holds { or }
//
// Pure functions over untrusted bytes; time is linear in the segment.
#pragma once

#include <cstdint>
#include <string_view>

namespace footfall {

enum class SegmentKind : std::uint8_t { kName, kId, kUuid, kHash, kDate, kValue };

[[nodiscard]] SegmentKind segment_kind(std::string_view segment);

// "{id}" and so on; empty for a name.
[[nodiscard]] std::string_view placeholder(SegmentKind kind);

// For a part of a file's name, where shorter hashes are usual: main.3f2a1b.css, index-BxYz12Qa.js.
[[nodiscard]] bool is_file_hash(std::string_view part);

}  // namespace footfall
