// Several sessions as one, for report.
//
// Operations of the same service, role, kind and name add up, and so do files with the same build-id, whatever their paths:
// calls by address, and how long each function was watched. A file without a build-id is not known to be the same in two
// sessions, so it stays apart. Time that several sessions watched counts once; a session that is given twice counts once.
//
// Consumers of several sessions can't be told apart from each other, so of those there are at least as many as in the
// session with the most. Stacks are not merged: the result has none.
#pragma once

#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

// A single one is returned as it is.
[[nodiscard]] Snapshot merge_sessions(std::vector<Snapshot> sessions);

}  // namespace footfall
