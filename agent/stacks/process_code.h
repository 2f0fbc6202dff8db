// Which code is mapped where in the processes that are watched, as it was at the time of a stack.
//
// Read from /proc when a stack needs it, and kept up to date by the kernel's records of forks, executions and mappings; of
// processes that are gone, or run another program by now, from the history of these records. The kernel side gets what is
// known of a process once all its files are described, and loses it when that is out of date.
// Thread: the one that owns the pipeline's state. Bounded: what finds no room is not kept.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "agent/base/clock.h"
#include "agent/stacks/code_history.h"
#include "agent/stacks/executable_maps.h"
#include "agent/stacks/kernel_tables.h"
#include "agent/stacks/modules.h"

namespace footfall {

struct ProcessCode {
    ExecutableMaps maps;
    std::vector<PlacedMapping> placed;  // those whose modules are described
    bool complete = false;
    bool stale = false;      // it may have mapped code since, and nobody said what
    bool published = false;  // the kernel side has it
    bool charged = false;    // to a copy
    MonotonicTime read;
};

// Is told what becomes known of processes.
class ProcessListener {
public:
    virtual ~ProcessListener() = default;
    // All of the files that it maps are described; again whenever it has mapped more.
    virtual void on_placed(Pid pid, const ProcessCode& process) = 0;
    // The child has what is known of its parent.
    virtual void on_forked(Pid parent, Pid child) = 0;
    virtual void on_forgotten(Pid pid) = 0;
};

class ProcessCodes {
public:
    // tables may be null: then nobody is told. Both outlive it.
    ProcessCodes(CodeModules& modules, KernelTables* tables, std::size_t most);

    void on_forked(Pid parent, Pid child, MonotonicTime time);
    // Code was mapped, perhaps where other code was. In the order of time.
    void on(const CodeRecord& record);
    // Such records were lost: any process may have mapped code.
    void on_code_records_lost();
    void on_executed(Pid pid) { forget(pid); }
    void on_exited(Pid pid);
    // Called before a stack is held against what is mapped, to bring the records of that time.
    void set_code_records(std::function<void()> bring) { bring_code_records_ = std::move(bring); }
    // It outlives this; null: nobody is told.
    void set_listener(ProcessListener* listener) { listener_ = listener; }

    // stack_start: of the program that is meant. again: what is known of it seems out of date. Null: nothing is known.
    std::shared_ptr<ProcessCode> of(Pid pid, std::uint64_t stack_start, MonotonicTime now, bool again);
    // Reads what it maps before there is a stack of it.
    void meet(Pid pid, MonotonicTime now);
    // Not one that has ended, or has executed something else since.
    [[nodiscard]] bool is_current(Pid pid, const ProcessCode& process) const;
    // Finds the modules of all mappings; complete once all are described.
    void place(Pid pid, ProcessCode& process);
    // Those that are not complete, once more.
    void place_described();
    // Files that found no room among the modules may find some now.
    void look_again_for_room();

    template <typename Use>
    void for_each(Use use) const {
        for (const auto& [pid, process] : processes_) use(*process);
    }

private:
    // As it was at that time, by the records; null where they don't reach back to its begin.
    std::shared_ptr<ProcessCode> past(Pid pid, std::uint64_t stack_start, MonotonicTime time);
    void lay_over_process(const CodeMapped& mapped);
    void withdraw(Pid pid, std::shared_ptr<ProcessCode>& process);
    void forget(Pid pid);

    CodeModules& modules_;
    KernelTables* tables_;
    std::size_t most_;
    CodeHistory history_;
    std::function<void()> bring_code_records_;
    ProcessListener* listener_ = nullptr;
    std::unordered_map<Pid, std::shared_ptr<ProcessCode>> processes_;
};

}  // namespace footfall
