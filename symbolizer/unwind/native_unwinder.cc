#include "symbolizer/unwind/native_unwinder.h"

#include <algorithm>
#include <cstring>

struct ff_frame;

namespace {

int read_stack(const ff_frame* frame, void* to, std::size_t size, std::uint64_t address);
int read_process(const ff_frame* frame, void* to, std::size_t size, std::uint64_t address);
int is_native(const ff_frame* frame, std::uint64_t address);

}  // namespace

#define ff_read_user(to, size, address) read_stack(frame, to, size, address)    // NOLINT(readability-identifier-naming)
#define ff_read_code(to, size, address) read_process(frame, to, size, address)  // NOLINT(readability-identifier-naming)
#define ff_is_native(address) is_native(frame, address)                         // NOLINT(readability-identifier-naming)
#include "bpf/unwind/hotspot.h"
#include "bpf/unwind/step.h"

namespace {

// The steps know frames only; the memory that they lie in comes with them.
struct FrameInCopy : ff_frame {
    footfall::StackCopy stack;
    footfall::MemoryReader* memory;
    footfall::RowSource* rows;
};

int read_stack(const ff_frame* frame, void* to, std::size_t size, std::uint64_t address) {
    const auto& stack = static_cast<const FrameInCopy*>(frame)->stack;
    const std::uint64_t skipped = address - stack.address;
    if (address < stack.address || skipped > stack.bytes.size() || size > stack.bytes.size() - skipped) return -1;
    std::memcpy(to, stack.bytes.data() + skipped, size);
    return 0;
}

int read_process(const ff_frame* frame, void* to, std::size_t size, std::uint64_t address) {
    footfall::MemoryReader* memory = static_cast<const FrameInCopy*>(frame)->memory;
    const bool read = memory != nullptr && memory->read(address, {static_cast<std::byte*>(to), size});
    return read ? 0 : -1;
}

int is_native(const ff_frame* frame, std::uint64_t address) {
    const auto row = static_cast<const FrameInCopy*>(frame)->rows->row_at(address);
    return row || row.error() != FF_STOP_NO_MAPPING ? 1 : 0;
}

}  // namespace

namespace footfall {
namespace {

class Walk {
public:
    Walk(const StackRegisters& registers, StackCopy stack, RowSource& rows, const HotspotProcess* hotspot) : rows_(rows) {
        frame_.ip = registers.instruction_pointer;
        frame_.sp = registers.by_number[FF_REGISTER_RSP];
        frame_.bp = registers.by_number[FF_REGISTER_RBP];
        frame_.stack = stack;
        frame_.rows = &rows;
        if (hotspot != nullptr) {
            frame_.memory = hotspot->memory;
            hotspot_.vm = hotspot->rules;
        }
        std::copy(registers.by_number.begin(), registers.by_number.end(), std::begin(innermost_.registers));
    }

    WalkedStack run() {
        for (int stop = FF_STEP_ON;;) {
            const std::uint64_t address = frame_.ip - (exact_ ? 0 : 1);
            const bool is_managed = ff_in_code_cache(&hotspot_.vm, address) != 0;
            const auto row = is_managed ? ff_unwind_row{} : rows_.row_at(address);
            if (!row && guessed_ && row.error() == FF_STOP_NO_MAPPING) return ended(miss_of_guess_);
            if (walked_.frames.size() == FF_STACK_DEPTH) return ended(FF_STOP_TOO_DEEP);
            walked_.frames.push_back({address, guessed_});
            stop = is_managed ? step_out_of_managed_code() : step(row);
            if (stop != FF_STEP_ON) return ended(static_cast<ff_stop>(stop));
        }
    }

private:
    int step(const tl::expected<ff_unwind_row, ff_stop>& row) {
        const bool is_innermost = walked_.frames.size() == 1;
        std::uint32_t interrupted = 0;
        guessed_ = false;
        if (!row && row.error() != FF_STOP_NO_TABLE) return row.error();
        if (row && row->cfa != FF_CFA_NONE) {
            const int stop = ff_unwind_step(&frame_, &*row, &innermost_, is_innermost ? 1 : 0, &interrupted);
            exact_ = interrupted != 0;
            return stop;
        }
        exact_ = false;
        guessed_ = true;
        miss_of_guess_ = row ? FF_STOP_NO_RULE : FF_STOP_NO_TABLE;
        const int stop = ff_frame_pointer_step(&frame_);
        // Code that keeps no frame pointer may hold anything in rbp, zero too.
        const bool believed = stop != FF_STOP_OUTERMOST || !is_innermost;
        return stop == FF_STOP_NO_RULE || !believed ? miss_of_guess_ : stop;
    }

    int step_out_of_managed_code() {
        constexpr std::size_t kBytecodePointer = 13;  // r13, by DWARF's numbers
        const bool is_innermost = walked_.frames.size() == 1;
        const std::uint64_t leaf = is_innermost ? innermost_.registers[kBytecodePointer] : 0;
        const int stop = ff_hotspot_step(&frame_, &hotspot_, exact_ ? 1 : 0, leaf);
        walked_.script.push_back(hotspot_.found);
        exact_ = false;
        guessed_ = hotspot_.guessed != 0;
        miss_of_guess_ = FF_STOP_NO_RULE;
        return stop;
    }

    WalkedStack ended(ff_stop stop) {
        walked_.stop = stop;
        return std::move(walked_);
    }

    RowSource& rows_;
    FrameInCopy frame_{};
    ff_innermost innermost_{};
    ff_hotspot_walk hotspot_{};                // without code where there is no virtual machine
    bool exact_ = true;                        // the frame's ip is that of an instruction, not a return address
    bool guessed_ = false;                     // the frame was found by frame pointer
    ff_stop miss_of_guess_ = FF_STOP_NO_RULE;  // what is said if the guess turns out to be wrong
    WalkedStack walked_;
};

}  // namespace

WalkedStack walk_stack(const StackRegisters& registers, StackCopy stack, RowSource& rows, const HotspotProcess* hotspot) {
    return Walk(registers, stack, rows, hotspot).run();
}

}  // namespace footfall
