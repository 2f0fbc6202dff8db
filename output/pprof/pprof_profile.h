// Stacks as a pprof profile (profile.proto, gzipped), as `go tool pprof`, Pyroscope, Parca and speedscope read it.
//
// Four values a sample: samples/count and cpu/nanoseconds for what ran, waits/count and delay/nanoseconds for what waited.
// The one shown first is cpu, or delay where nothing ran. Labels: service, thread, state (running, blocked, queued), wait
// (what for), and stop where a walk ended before the outermost frame. A location without a function name has a function
// named "[module]+0xoff". Addresses are the module's own, as ELF counts; each mapping starts at the lowest page used.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// The same bytes for the same snapshot. Fails only without memory. A snapshot without stacks gives an empty profile.
[[nodiscard]] Result<std::string> pprof_profile(const Snapshot& snapshot);

}  // namespace footfall
