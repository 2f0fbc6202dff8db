// Reads a code object of CPython: what its function is called, where it is written, and which lines its instructions are of.
//
// The process may free it, and put something else in its place, at any time: the answer is that of the object which was
// meant, or nothing. Lengths are bounded, whatever the memory says. Threads: any; no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "symbolizer/interpreters/cpython/layout.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

constexpr std::size_t kMostPythonText = 4096;                         // characters of a name; longer ones are cut
constexpr std::size_t kMostPythonLineTable = std::size_t{256} << 10;  // bytes; of larger ones no lines are known

struct PythonCode {
    std::string name;  // qualified from 3.11 on; UTF-8
    std::string file;
    std::uint32_t first_line = 0;
    std::vector<std::byte> lines;  // see line_at()
};

// check: as the kernel side made it of the object that is meant (bpf/unwind/cpython_check.h).
std::optional<PythonCode> read_python_code(MemoryReader& memory, const CpythonLayout& layout, std::uint64_t address,
                                           std::uint32_t check);

// A str, as UTF-8. Nothing where there is none.
std::optional<std::string> read_python_text(MemoryReader& memory, const CpythonLayout& layout, std::uint64_t address);

}  // namespace footfall
