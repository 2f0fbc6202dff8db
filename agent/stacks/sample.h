// A whole stack with what it stands for: what a StackTaken becomes once its user part is complete (or known not to become
// so) and, for a wait, its length is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"

namespace footfall {

struct Sample {
    ServiceId service{};
    std::optional<OperationId> operation;  // that the thread served; none: none, or it is not known
    Pid pid{};
    std::string thread;
    StackState state = StackState::kRunning;
    StopReason stop = StopReason::OUTERMOST;
    ScriptStop script_stop = ScriptStop::NONE;
    std::int32_t system_call = -1;
    std::vector<std::uint64_t> kernel;  // innermost first, as are the user's
    std::vector<UserFrame> user;
    CalledFunction called{};  // kCalled: which function
    double samples = 1;       // or waits, or calls
    std::uint64_t nanoseconds = 0;
};

}  // namespace footfall
