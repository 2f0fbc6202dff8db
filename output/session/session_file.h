// Session files (.ffs): a Snapshot on disk, for report and diff.
//
//   bytes  what
//   8      magic "\x89" "FFS\r\n\x1a\n": not text, and broken by every transfer that takes it for text
//   4      version of this layout (kSessionFileVersion); the snapshot inside has rules of its own for growing
//   4      reserved, 0
//   8      length of the snapshot, serialized
//   8      length of the same, compressed (one zstd frame), which is the rest of the file
//   8      XXH3 of the compressed bytes, seeded with the three fields before
//
// Integers are little-endian. Nothing private is inside (DESIGN §1), so the file's mode is what the umask leaves of 0644.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "output/session/atomic_file.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

constexpr std::uint32_t kSessionFileVersion = 1;

// Limits for both sides. A reader never uses more memory than they imply, whatever a file claims.
constexpr std::uint64_t kMaxSnapshotBytes = 64ULL << 20U;
constexpr std::uint32_t kMaxSnapshotMessages = 2'000'000;  // operations, outcomes, consumers, …, together

// Writes beside `path` and renames, so that `path` is either the whole new file or what it was before. Bytes in a name that
// are not UTF-8 are replaced. An existing file is refused unless kReplace; what is not a regular file is always refused.
[[nodiscard]] Result<void> write_session_file(const std::string& path, const Snapshot& snapshot, IfExists if_exists);

[[nodiscard]] Result<Snapshot> read_session_file(const std::string& path);

// The same for bytes at hand: what read_session_file does once it has read them. `name` is for error messages.
[[nodiscard]] Result<Snapshot> parse_session_file(std::string_view bytes, const std::string& name);

}  // namespace footfall
