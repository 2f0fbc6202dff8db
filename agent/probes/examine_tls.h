// What footfall sees of a process's TLS, and what it does not: the part of `footfall doctor -p PID` that looks at processes.
#pragma once

#include <vector>

#include "agent/base/ids.h"
#include "agent/probes/examine.h"

namespace footfall {

// At least one finding; nothing is attached.
std::vector<Finding> examine_tls(Pid pid);

}  // namespace footfall
