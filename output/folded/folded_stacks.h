// Stacks as folded lines, which flamegraph.pl, inferno and speedscope read:
//   service;thread;outermost;…;innermost 12345
// The value is microseconds, on the CPU or waiting (flamegraph.pl --countname us). The endings are those that flamegraph.pl
// --color java paints by: _[k] kernel, _[i] inlined, _[j] code made at run time. A stack that was not walked to its end
// begins with [incomplete:reason]. In names, a space is '_' (none after a comma), a semicolon ':', a control character '?'.
#pragma once

#include <string>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// One line for each different stack, sorted; lines of equal text are added up, and what took time has at least 1. Fails if
// the text would be unreasonably long.
[[nodiscard]] Result<std::string> folded_stacks(const Stacks& stacks);

}  // namespace footfall
