// Opens the file behind a mapping of a process.
#pragma once

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/stacks/executable_maps.h"

namespace footfall {

// Through the mapping itself, which works for files that were removed and in other mount namespaces; else by name. Not valid
// where it can't be opened, is another file by now, or is no regular one.
Fd open_mapped(Pid pid, const ExecutableMapping& mapping);

}  // namespace footfall
