// What the collector tells the stacks probe: where modules are mapped, and how to find callers in them. Implemented by
// agent/probes/unwind_maps; tests have one of their own.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/ids.h"
#include "symbolizer/unwind/table_file.h"

struct ff_interpreter;

namespace footfall {

// A number that frames carry. 0 is none.
using ModuleNumber = std::uint16_t;

// Stands for all files that find no room: their code has neither a table nor names. The highest number that there is.
constexpr ModuleNumber kModuleWithoutRoom = 16383;

// Where a piece of a module lies in a process.
struct PlacedMapping {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t bias = 0;  // address in the process - bias = address in the module
    ModuleNumber module = 0;
};

// By which the kernel side can tell that mappings are out of date.
struct MemoryIdentity {
    std::uint64_t executable_pages = 0;  // mm->exec_vm: code that can't be written to, the vDSO included
    std::uint64_t stack_start = 0;       // mm->start_stack
};

class KernelTables {
public:
    virtual ~KernelTables() = default;

    // False: no room. Nothing is published then.
    virtual bool publish_table(ModuleNumber module, const TableFile& table) = 0;
    // There is none, and there will be none: callers are found by frame pointer.
    virtual void publish_no_table(ModuleNumber module) = 0;
    // Its table is missing again.
    virtual void withdraw_table(ModuleNumber module) = 0;

    // Takes the place of what was known of the process. mappings: by address. False: no room.
    virtual bool publish_process(Pid pid, std::span<const PlacedMapping> mappings, const MemoryIdentity& memory) = 0;
    virtual void forget_process(Pid pid) = 0;

    // By which the script frames of the process's threads are read. False: no room.
    virtual bool publish_interpreter(Pid pid, const ff_interpreter& interpreter) = 0;
    virtual void forget_interpreter(Pid pid) = 0;
};

}  // namespace footfall
