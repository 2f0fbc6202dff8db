// What the flame graph's script draws: all stacks of one session, or of two, merged into one tree, as JSON.
//
//   strings   texts; everywhere else a number stands for one
//   sessions  one, or two: the later one first
//   frames    name, module, file, line and flags (FrameFlag) of each function, as columns
//   groups    service, thread, state (0 running, 1 blocked, 2 queued), wait and session of what samples have in common
//   nodes     parent (always an earlier node; -1: none) and frame of each place in a stack; which of them were guessed
//   values    nanoseconds and samples that ended at a node, by group
#pragma once

#include <string>

#include "agent/base/result.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

enum FrameFlag : unsigned {
    kFrameKernel = 1,
    kFrameInlined = 2,
    kFrameJit = 4,
    kFrameIncomplete = 8,  // stands for the frames that are missing because the walk ended early
};

// Safe inside a <script> element: there is no '<' in it.
[[nodiscard]] Result<std::string> flame_data_json(const Snapshot& after, const Snapshot* before);

}  // namespace footfall
