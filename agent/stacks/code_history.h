// What programs had mapped, and when: for stacks of processes that are gone, or run another program, before anybody could
// look into /proc.
//
// Made of the kernel's records of executions and of executable mappings (PERF_RECORD_COMM and PERF_RECORD_MMAP2), which come
// in the order of their times. Only programs whose begin was seen are in it. Bounded; the oldest go first.
// Thread: the one that owns the pipeline's state.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <unordered_map>
#include <variant>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/ids.h"
#include "agent/stacks/executable_maps.h"

namespace footfall {

// A process has executed a program: nothing of what it had mapped is left.
struct ProgramBegun {
    Pid pid{};
    MonotonicTime time;
};

struct CodeMapped {
    Pid pid{};
    MonotonicTime time;
    ExecutableMapping mapping;
};

using CodeRecord = std::variant<ProgramBegun, CodeMapped>;

class CodeHistory {
public:
    explicit CodeHistory(std::size_t most_processes, std::size_t most_bytes = std::size_t{8} << 20)
        : most_processes_(most_processes), most_bytes_(most_bytes) {}

    void on(const ProgramBegun& begun);
    void on(const CodeMapped& mapped);
    // Until it executes, a child runs what its parent does.
    void on_forked(Pid parent, Pid child, MonotonicTime time);
    // It has ended, or others know better.
    void forget(Pid pid);
    // Records were lost, so nothing of it may be believed.
    void clear();

    // Where code was in a process at a time, by address; nothing where its program is not in here.
    [[nodiscard]] std::optional<std::vector<ExecutableMapping>> at(Pid pid, MonotonicTime time) const;

    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    struct Program {
        MonotonicTime begin;
        std::vector<CodeMapped> mapped;  // in the order of time
    };
    using Programs = std::deque<Program>;

    static std::size_t bytes_of(const CodeMapped& mapped) { return sizeof mapped + mapped.mapping.path.size(); }
    static std::size_t bytes_of(const Program& program);
    void make_room();

    [[nodiscard]] const Program* program_of(Pid pid, MonotonicTime time) const;
    Programs& programs_of(Pid pid);

    std::size_t most_processes_;
    std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::unordered_map<Pid, Programs> processes_;
    std::deque<Pid> order_;  // as they came
};

}  // namespace footfall
