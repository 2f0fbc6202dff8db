// Addresses in the encodings of .eh_frame (DW_EH_PE_*).
#pragma once

#include <cstdint>
#include <optional>

#include "symbolizer/unwind/byte_cursor.h"

namespace footfall {

constexpr std::uint8_t kPointerFormatMask = 0x0f;

// Reads one. address: where the cursor's first byte lies in memory. nullopt (the bytes may be read or not) for what does not
// occur in unwind information of executables: relative to text, data or function, aligned, or indirect.
std::optional<std::uint64_t> read_encoded_pointer(ByteCursor& at, std::uint8_t encoding, std::uint64_t address);

}  // namespace footfall
