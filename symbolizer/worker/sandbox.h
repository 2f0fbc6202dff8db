// Gives up everything that a process which only reads a few open files does not need. There is no way back.
#pragma once

#include <cstddef>

#include "agent/base/result.h"

namespace footfall {

// Ends with the parent; loses its user, its capabilities and every way to get them back; may use max_memory bytes of address
// space; and from here on is killed by any system call but the few that reading and answering take.
Result<void> enter_sandbox(std::size_t max_memory);

}  // namespace footfall
