// What a walk over a stack has to know of a HotSpot virtual machine, in the form that the kernel side takes it.
#pragma once

#include "bpf/contract/hotspot.h"
#include "symbolizer/interpreters/hotspot/layout.h"

namespace footfall {

ff_hotspot walk_rules_of(const Hotspot& vm);

}  // namespace footfall
