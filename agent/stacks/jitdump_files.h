// The jitdump of each process that maps one, opened when that is seen, so that it is there when the process, its directory
// or the file's name is gone. Bounded; the first that were noted go first. Thread: the one that owns the pipeline's state,
// but for find_jitdump().
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/stacks/executable_maps.h"

namespace footfall {

class JitDumpFiles {
public:
    explicit JitDumpFiles(std::size_t most = 256) : most_(most) {}

    // mapping: of a file that is named as jitdumps are. A process has one; what it maps later takes its place. The file of
    // somebody else is not taken.
    void note(Pid pid, const ExecutableMapping& mapping);

    // A descriptor of its own; not valid where none was noted.
    [[nodiscard]] Fd file_of(Pid pid) const;

private:
    struct Noted {
        Fd file;
        std::uint64_t device = 0;
        std::uint64_t inode = 0;
    };

    std::size_t most_;
    std::map<Pid, Noted> noted_;
    std::deque<Pid> order_;
};

// The one that a process maps now; not valid where there is none, or it belongs to somebody else.
Fd find_jitdump(Pid pid);

}  // namespace footfall
