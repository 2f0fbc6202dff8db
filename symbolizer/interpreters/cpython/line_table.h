// Which line an instruction of a code object is of, from the table that CPython keeps beside the code. The table's bytes are
// not trusted: whatever they are, the answer is some line or none. Threads: any; no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "symbolizer/interpreters/cpython/layout.h"

namespace footfall {

// position: bytes from the first instruction on. Nothing where the instruction has no line, or the table does not reach it.
//
// Formats: kLnotab is Objects/lnotab_notes.txt of CPython 3.9, kLineTable that of 3.10, kLocations Objects/locations.md of
// 3.11 (InternalDocs/code_objects.md since).
std::optional<std::uint32_t> line_at(CpythonLines format, std::span<const std::byte> table, std::uint32_t first_line,
                                     std::uint32_t position);

}  // namespace footfall
