// The perf map of a process, also of one that has ended: the file that most runtimes write stays then. Anybody may write
// such a file for a pid that is nobody's any more, so the users of processes are remembered.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <tl/expected.hpp>
#include <unordered_map>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "symbolizer/frame.h"

namespace footfall {

// Bounded; the first that were noted go first. Thread: the one that owns the pipeline's state.
class ProcessUsers {
public:
    explicit ProcessUsers(std::size_t most = 65'536) : most_(most) {}

    // While the process lives; what is noted later of the same pid counts.
    void note(Pid pid, Uid user);
    [[nodiscard]] std::optional<Uid> of(Pid pid) const;

private:
    std::size_t most_;
    std::unordered_map<Pid, Uid> users_;
    std::deque<Pid> order_;
};

// user: whom the process had, which counts once it has ended; nothing where that is not known. kNoMap where there is none,
// kForeignMap where it is neither that user's nor root's.
tl::expected<Fd, Miss> open_perf_map(Pid pid, std::optional<Uid> user);

}  // namespace footfall
