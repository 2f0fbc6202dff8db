// A description as a record of a raw file (struct ff_described_event), for the replay's RecordedProcessSource.
#pragma once

#include <cstddef>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/ids.h"
#include "agent/processes/process_source.h"

namespace footfall {

// Parent and uid are not in it: a replay learns parents from the recorded forks.
std::vector<std::byte> encode_described(Pid pid, const ProcessDescription& description, MonotonicTime time);

}  // namespace footfall
