// Whether the kernel can probe functions in some processes alone, so that others which share a library don't pay for it.
#pragma once

#include "agent/probes/probe_set.h"
#include "bpf/contract/probe_config.h"

namespace footfall {

// Tried with a function and a thread of footfall's own: kernels before 6.10 mean the first thread of a process only
// (uprobe_multi.h), and those before 6.6 know nothing of it. Takes some 10 ms.
[[nodiscard]] bool filters_processes(const ff_probe_config& who, const SharedMapFds& shared);

}  // namespace footfall
