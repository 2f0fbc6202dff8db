// Where CPython keeps what stacks and names are made of, by version: offsets of fields in bytes, on x86-64.
//
// Up to 3.12 from tables; from 3.13 on from what the interpreter says itself (_Py_DebugOffsets, at the start of _PyRuntime:
// Include/internal/pycore_runtime.h). Whatever the process says is held against its own objects before it is believed: a
// build with other structures (Py_TRACE_REFS, no GIL) is refused.
//
// Sources: Include/cpython/{pystate,frameobject,code,unicodeobject}.h and Include/internal/pycore_{runtime,interp,frame}.h
// of CPython 3.9.6, 3.10.8, 3.11.2, 3.12.1 and 3.13.5. Threads: any; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <tl/expected.hpp>

#include "bpf/contract/script_frames.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

// How a code object says which line an instruction is of.
enum class CpythonLines : std::uint8_t {
    kLnotab,     // up to 3.9: co_lnotab
    kLineTable,  // 3.10: PEP 626
    kLocations,  // from 3.11 on: PEP 657
};

struct CpythonLayout {
    unsigned minor = 0;  // of 3.minor
    ff_cpython frames{};
    CpythonLines lines = CpythonLines::kLocations;
    std::uint16_t code_qualified_name = FF_CPYTHON_ABSENT;
    std::uint16_t ascii_text = 0;  // of a compact string: where its characters begin, if they are ASCII, and if not
    std::uint16_t other_text = 0;
};

// Addresses in the process; 0: it has no such symbol.
struct CpythonSymbols {
    std::uint64_t runtime = 0;    // _PyRuntime
    std::uint64_t code_type = 0;  // PyCode_Type
    std::uint64_t version = 0;    // Py_Version, from 3.11 on
};

// file_minor: as the name of the file has it ("python3.9"), where the symbols don't tell. The reasons: UNKNOWN_VERSION,
// UNSUPPORTED_BUILD, NO_SYMBOLS, NOT_INITIALIZED, UNREADABLE.
tl::expected<CpythonLayout, ff_script_stop> find_cpython_layout(MemoryReader& memory, const CpythonSymbols& symbols,
                                                                std::optional<unsigned> file_minor);

// What versions that don't say it themselves are known to have, without the addresses. Nothing for others.
std::optional<CpythonLayout> cpython_table(unsigned minor);

// Where a thread of the process finds its PyThreadState among the data that C keeps for it, from the thread pointer; nothing
// where the interpreter runs no thread yet, or the C library is not glibc.
std::optional<std::uint16_t> find_thread_slot(MemoryReader& memory, const CpythonLayout& layout);

}  // namespace footfall
