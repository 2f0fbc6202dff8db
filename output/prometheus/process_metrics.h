// The process_* numbers of an AgentStatus, read from /proc.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "output/prometheus/metric_families.h"

namespace footfall {

// Fills cpu_seconds, resident_bytes, virtual_bytes, open_fds, max_fds and start_time_unix_seconds for the process that
// calls. proc_root is "/proc" outside of tests. On failure, what could not be read is unchanged.
Result<void> read_process_metrics(AgentStatus& status, const std::string& proc_root = "/proc");

}  // namespace footfall
