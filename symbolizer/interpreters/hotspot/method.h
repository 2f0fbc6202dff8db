// What a Method of HotSpot is called, and which line a bytecode of it belongs to: Method → ConstMethod → ConstantPool →
// Symbol, and the compressed line number table behind the bytecodes (src/hotspot/share/oops/constMethod.hpp and
// src/hotspot/share/code/compressedStream.hpp in OpenJDK).
//
// The memory is not trusted; what is read of it is bounded. Threads: any; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "symbolizer/interpreters/hotspot/layout.h"
#include "symbolizer/interpreters/memory.h"

namespace footfall {

struct JavaMethod {
    std::string name;  // package.Class.method; of hidden classes without the number that each has anew
    std::string file;  // as its class says; empty: it does not
    std::uint64_t const_method = 0;
    std::uint32_t code_size = 0;  // bytes of bytecode
    // The first bytecode of a line, as the compiler wrote them.
    struct LineStart {
        std::uint32_t bci = 0;
        std::uint32_t line = 0;
    };
    std::vector<LineStart> lines;

    // 0: not known.
    [[nodiscard]] std::uint32_t line_at(std::int32_t bci) const;
};

// Nothing: at the address is no method, or part of it can't be read.
std::optional<JavaMethod> read_method(const HotspotLayout& layout, MemoryReader& memory, std::uint64_t method);

}  // namespace footfall
