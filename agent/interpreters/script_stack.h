// Puts the frames of a script in the place of the native frames that run them.
//
// A native frame of the interpreter's evaluation function stands for the next script frames up to and including one that is
// an entry. Both stacks are known from end to end as a rule: then they are laid side by side from the outermost frame on,
// since the innermost native frame may be about to begin, or to end, a function that the interpreter does not know (any
// more). Pure: no state, any thread.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "agent/pipeline/stages.h"

namespace footfall {

// A script frame with its name.
struct ScriptFrame {
    UserFrame frame;
    bool entry = false;   // the outermost one that its native frame runs
    bool absent = false;  // there is no function: its native frame runs none at the moment
};

// The script frames of one sample, innermost first.
struct ScriptStack {
    Runtime runtime = Runtime::kNone;
    ScriptStop stop = ScriptStop::NONE;  // how the walk ended; UNNAMED: it is complete, and some name is not known
    std::vector<ScriptFrame> frames;
};

struct MergedStack {
    std::vector<UserFrame> frames;
    ScriptStop stop = ScriptStop::NONE;
};

using RunsScripts = std::function<bool(const UserFrame& native)>;

// native: innermost first. native_complete: as far as it goes. COMPLETE: every function is there, in its place.
MergedStack merge_stacks(std::span<const UserFrame> native, bool native_complete, const ScriptStack& script,
                         const RunsScripts& runs_scripts);

}  // namespace footfall
