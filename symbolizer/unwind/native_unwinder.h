// Walks a copied piece of a user stack, by the very steps that the stacks probe takes in the kernel (bpf/unwind/step.h; for
// code that a HotSpot virtual machine made, bpf/unwind/hotspot.h).
//
// Addresses are those of the process that was sampled. Everything is borrowed for the call. Threads: any; no state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tl/expected.hpp>
#include <vector>

#include "bpf/contract/hotspot.h"
#include "bpf/contract/script_frames.h"
#include "bpf/contract/stack_events.h"
#include "bpf/contract/unwind_table.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

// Of the innermost frame.
struct StackRegisters {
    std::uint64_t instruction_pointer = 0;
    std::array<std::uint64_t, FF_REGISTERS> by_number{};  // DWARF's
};

// The bytes that lay at an address of the process.
struct StackCopy {
    std::uint64_t address = 0;
    std::span<const std::byte> bytes;
};

// Knows the rules of the process's code.
class RowSource {
public:
    virtual ~RowSource() = default;

    // The row for an address of the process; FF_STOP_NO_MAPPING where no code is, FF_STOP_NO_TABLE where it has no table.
    virtual tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) = 0;
};

struct WalkedFrame {
    // Of the instruction for the innermost frame and those that a signal interrupted, else of the byte in front of the
    // return address.
    std::uint64_t address = 0;
    bool guessed = false;  // found by frame pointer where no table was
};

// A virtual machine in the process, whose code has no rows.
struct HotspotProcess {
    ff_hotspot rules{};
    MemoryReader* memory = nullptr;  // where its code is described
};

struct WalkedStack {
    std::vector<WalkedFrame> frames;  // innermost first, at most FF_STACK_DEPTH
    ff_stop stop = FF_STOP_OUTERMOST;
    std::vector<ff_script_frame> script;  // one for each of the frames that lies in a virtual machine's code
};

// hotspot: null where none is known of.
WalkedStack walk_stack(const StackRegisters& registers, StackCopy stack, RowSource& rows,
                       const HotspotProcess* hotspot = nullptr);

}  // namespace footfall
