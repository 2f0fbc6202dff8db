// Stacks as a flame graph: one HTML file that works offline, in any browser of the last years. Search, zoom, inversion,
// filters and keys are in its own script; it asks nothing of any server, and its Content-Security-Policy lets nothing run
// but that script. Names from watched programs are data in it, never markup.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// With `before`, a comparison: widths are `after`'s, red is what takes a larger share of the time than before, blue a
// smaller one. The same bytes for the same snapshots. Fails if the graph would be unreasonably large.
[[nodiscard]] Result<std::string> flamegraph_html(const Snapshot& after, const Snapshot* before = nullptr);

}  // namespace footfall
