// How long something was watched, and how completely. Times are nanoseconds of the wall clocks of the hosts that recorded.
// Nothing here trusts its input: a damaged file gives wrong times at worst.
#pragma once

#include <cstdint>

#include "output/session/snapshot.pb.h"

namespace footfall {

// What a single session watched from `start_unix_nanos` on, for so long.
[[nodiscard]] Watched watched_by_one(std::int64_t start_unix_nanos, std::uint64_t nanos, std::uint64_t lost);

// Time that both cover counts once; sessions and what was lost add up.
void add_watched(Watched& into, const Watched& from);

[[nodiscard]] std::uint64_t watched_nanos(const Watched& watched);

// From the first start to the last end. Zeros where nothing was watched.
[[nodiscard]] TimeSpan whole_span(const Watched& watched);
[[nodiscard]] std::uint64_t length_nanos(const TimeSpan& span);

[[nodiscard]] std::uint64_t lost_events(const Accounting& accounting);

// When operations were looked for. A session that counts functions does not look for any.
[[nodiscard]] Watched watched_operations(const Snapshot& snapshot);

}  // namespace footfall
