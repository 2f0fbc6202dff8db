// Executes call frame instructions (DW_CFA_*): the byte code that says, for each address of a function, where its caller's
// registers are.
//
// The instructions are not trusted. Work and memory are bounded by their length. One that is unknown or cut short ends the
// program with false; what was found before it stands.
#pragma once

#include <cstdint>
#include <span>

#include "symbolizer/unwind/frame_entries.h"
#include "symbolizer/unwind/row_stream.h"

namespace footfall {

// The instructions of a CIE: fills cie.initial.
[[nodiscard]] bool run_initial_instructions(std::span<const std::uint8_t> instructions, Cie& cie);

// Where an FDE's instructions apply, and where they lie.
struct ProgramPlace {
    AddressRange code;          // rows are made for these addresses only
    std::uint64_t address = 0;  // of the first instruction in memory
};

// The instructions of an FDE: gives `rows` a rule for code.begin and for each address where it changes. The addresses from
// an instruction on that is not sound get FF_CFA_UNSUPPORTED, and the answer is false.
[[nodiscard]] bool run_instructions(std::span<const std::uint8_t> instructions, const Cie& cie, const ProgramPlace& place,
                                    RowStream& rows);

}  // namespace footfall
