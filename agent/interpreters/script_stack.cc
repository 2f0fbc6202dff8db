#include "agent/interpreters/script_stack.h"

#include <algorithm>
#include <cstddef>

namespace footfall {
namespace {

// The script frames of one native frame: [begin, end) of the script stack.
struct Group {
    std::size_t begin = 0;
    std::size_t end = 0;
};

std::vector<Group> groups_of(const std::vector<ScriptFrame>& frames) {
    std::vector<Group> groups;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        if (!frames[i].entry) continue;
        groups.push_back({begin, i + 1});
        begin = i + 1;
    }
    if (begin < frames.size()) groups.push_back({begin, frames.size()});
    return groups;
}

bool is_whole(ScriptStop stop) { return stop == ScriptStop::COMPLETE || stop == ScriptStop::UNNAMED; }

// Of how the script's walk ended, and how many native frames there are for how many groups.
ScriptStop stop_of(const ScriptStack& script, bool native_complete, std::size_t natives, std::size_t groups) {
    if (natives == 0 && script.frames.empty()) {
        // A thread may be known to an interpreter without running anything in it.
        return script.stop == ScriptStop::NO_THREAD || is_whole(script.stop) ? ScriptStop::NONE : script.stop;
    }
    if (!is_whole(script.stop)) return script.stop;
    if (!native_complete) return ScriptStop::NATIVE_INCOMPLETE;
    const bool fits = natives == groups || natives == groups + 1;
    return fits ? script.stop : ScriptStop::UNMATCHED;
}

// False: there was nothing to take.
bool take(const ScriptStack& script, const Group& group, std::vector<UserFrame>& into) {
    bool taken = false;
    for (std::size_t i = group.begin; i < group.end; ++i) {
        if (script.frames[i].absent) continue;
        into.push_back(script.frames[i].frame);
        taken = true;
    }
    return taken;
}

}  // namespace

MergedStack merge_stacks(std::span<const UserFrame> native, bool native_complete, const ScriptStack& script,
                         const RunsScripts& runs_scripts) {
    const std::vector<Group> groups = groups_of(script.frames);
    std::vector<bool> runs(native.size());
    std::transform(native.begin(), native.end(), runs.begin(), runs_scripts);
    const auto natives = static_cast<std::size_t>(std::count(runs.begin(), runs.end(), true));

    MergedStack merged;
    merged.stop = stop_of(script, native_complete, natives, groups.size());
    const bool from_outermost = native_complete && is_whole(script.stop);
    // Which native frame, counted among those that run scripts, takes the first group; and the first group that is taken.
    const std::size_t skipped_natives = from_outermost && natives > groups.size() ? natives - groups.size() : 0;
    std::size_t next = from_outermost && groups.size() > natives ? groups.size() - natives : 0;
    std::size_t seen = 0;
    for (std::size_t i = 0; i < native.size(); ++i) {
        const bool takes = runs[i] && seen++ >= skipped_natives && next < groups.size();
        if (!takes || !take(script, groups[next++], merged.frames)) merged.frames.push_back(native[i]);
    }
    // Where the native walk broke off, they are further out than all that it found.
    for (; !native_complete && next < groups.size(); ++next) take(script, groups[next], merged.frames);
    return merged;
}

}  // namespace footfall
