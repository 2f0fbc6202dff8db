// The rows of Go's functions, out of the function table (.gopclntab) that every Go binary carries for its runtime: the only
// unwind information that a stripped one has, and a better one than the .debug_frame of others, which knows nothing of rbp
// and of functions that change to another stack.
//
// The CFA is the stack pointer, what the table says of the function's depth, and the return address. Where the caller's rbp
// is follows from the function's first instructions (go_prologue.h). Functions that Go's own traceback ends at (goexit,
// mstart, a signal's handler) are outermost, and so is mcall, which takes a thread's own stack from its beginning. One that
// changes to another stack is left by rbp if it is the runtime's and keeps a frame, as systemstack does, and the calls of C;
// others (morestack, gogo) have no rule that is true everywhere, and are FF_CFA_UNSUPPORTED. One that has popped its return
// address has it in that register: rawVforkSyscall.
//
// Borrows the file and the sections. One thread.
#pragma once

#include <cstdint>
#include <optional>

#include "symbolizer/unwind/go_table_reader.h"
#include "symbolizer/unwind/row_stream.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {

class GoFrames {
public:
    // place: of a format that counts addresses from the text on.
    GoFrames(FileBlocks& file, const UnwindSections& sections, const GoTablePlace& place)
        : file_(file), sections_(sections), place_(place), table_(file, place) {}

    // The next function that the table has rules for, by address; nullopt behind the last.
    std::optional<GoFunction> next();
    [[nodiscard]] AddressRange code_of(const GoFunction& function) const;

    // Rules for the function's code up to `end`. False: what the table says is not sound.
    [[nodiscard]] bool run(const GoFunction& function, std::uint64_t end, RowStream& rows);

    [[nodiscard]] std::uint64_t covered();  // bytes of code from the first function to the last
    [[nodiscard]] std::uint64_t table_bytes() const { return place_.size; }
    [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }  // of stack programs

private:
    enum class Kind : std::uint8_t { kPlain, kOutermost, kByRbp, kUnknown };
    struct Frame;

    Kind kind_of(const GoFunction& function, const Frame& frame);
    Frame frame_of(const GoFunction& function);
    static RowRule rule_at(std::uint64_t address, std::int32_t depth, Kind kind, const Frame& frame);
    RowRule rule_behind_pop(std::uint64_t address);

    FileBlocks& file_;
    const UnwindSections& sections_;
    GoTablePlace place_;
    GoTableReader table_;
    std::uint64_t number_ = 0;
    std::uint64_t bytes_read_ = 0;
};

}  // namespace footfall
