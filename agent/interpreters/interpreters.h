// The interpreters of all processes whose stacks are taken: found when it is known what a process maps, told to the kernel
// side, and asked for names as soon as a stack comes, while what it names is most likely still there.
//
// Thread: the one that owns the pipeline's state. Bounded by the processes that are known.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "agent/base/clock.h"
#include "agent/interpreters/interpreter.h"
#include "agent/interpreters/script_functions.h"
#include "agent/interpreters/script_stack.h"
#include "agent/stacks/kernel_tables.h"
#include "agent/stacks/modules.h"
#include "agent/stacks/process_code.h"
#include "agent/stacks/sample.h"
#include "symbolizer/unwind/native_unwinder.h"

namespace footfall {

class Interpreters final : public ProcessListener {
public:
    // tables may be null: then nobody is told. Both outlive it.
    Interpreters(const CodeModules& modules, KernelTables* tables, std::size_t most);

    // What the process maps is known now, or known anew.
    void on_placed(Pid pid, const ProcessCode& process) override;
    // A child runs what its parent does, until it executes.
    void on_forked(Pid parent, Pid child) override;
    void on_forgotten(Pid pid) override;

    // The script frames of a stack, with names.
    ScriptStack read(const StackTaken& taken);
    // What the walk over a copy of its stack has to know of code that a runtime made in the process. Null: nothing.
    // stack_start: of the program that is meant.
    [[nodiscard]] const HotspotProcess* code_of(Pid pid, std::uint64_t stack_start) const;
    // Script frames that such a walk has found, with names.
    ScriptStack name(Pid pid, const WalkedStack& walked);
    // Puts them among the sample's native frames, which are known by now, and says how that went.
    void merge(Pid pid, const ScriptStack& script, Sample& sample) const;

    [[nodiscard]] const ScriptFunctions& functions() const { return functions_; }

private:
    struct Known {
        std::shared_ptr<Interpreter> interpreter;  // null: none was found
        std::uint64_t stack_start = 0;             // of which program
        std::size_t mappings = 0;                  // that it had when it was looked at
        MonotonicTime refreshed;
    };

    [[nodiscard]] std::shared_ptr<Interpreter> find(Pid pid, const ProcessCode& process) const;
    [[nodiscard]] bool is_another_in(const ProcessCode& process, const Interpreter& known) const;
    void note_nameless(ScriptStack& stack) const;
    void publish(Pid pid, const Known& known);
    void withdraw(Pid pid);
    void refresh(Pid pid, MonotonicTime now);
    [[nodiscard]] Interpreter* of(Pid pid) const;
    [[nodiscard]] bool runs_scripts(const Interpreter* interpreter, const UserFrame& native) const;

    const CodeModules& modules_;
    KernelTables* tables_;
    std::size_t most_;
    ScriptFunctions functions_;
    std::unordered_map<Pid, Known> known_;
};

}  // namespace footfall
