// A piece of code in the code cache of HotSpot: a CodeBlob, which may be an nmethod, the code of a compiled Java method
// (src/hotspot/share/code/codeBlob.hpp and nmethod.hpp in OpenJDK).
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

// A method in the midst of another's code: where it was inlined, or the compiled method itself.
struct JavaScope {
    std::uint64_t method = 0;  // address of the Method
    std::int32_t bci = 0;      // negative: not in a bytecode
};

class CodeBlob {
public:
    // Nothing: there is none at that address.
    static std::optional<CodeBlob> read(const Hotspot& vm, MemoryReader& memory, std::uint64_t address);

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool is_method() const { return name_ == "nmethod" || name_ == "native nmethod"; }
    [[nodiscard]] std::uint32_t size() const { return size_; }
    // Tells an nmethod from all others.
    [[nodiscard]] std::uint32_t compile_id() const;
    // An nmethod's; 0: it can't be read.
    [[nodiscard]] std::uint64_t method() const;

    // Of an nmethod: the methods that an instruction belongs to, the innermost first. position: from the CodeBlob on, of a
    // return address, or if `exact` of the instruction itself, whose scope is that of the next place that has one. Empty:
    // nothing is told of it.
    [[nodiscard]] std::vector<JavaScope> scopes_at(std::uint32_t position, bool exact) const;

private:
    CodeBlob(const HotspotLayout& layout, MemoryReader& memory, std::uint64_t address)
        : layout_(&layout), memory_(&memory), address_(address) {}

    // 0: it can't be read.
    [[nodiscard]] std::int64_t number(HotspotNumber field) const;
    [[nodiscard]] std::uint64_t place(HotspotNumber field) const;
    [[nodiscard]] std::uint64_t place_in(HotspotLayout::From from, HotspotNumber field) const;
    [[nodiscard]] std::uint64_t metadata() const;
    [[nodiscard]] std::optional<std::uint32_t> scope_offset_at(std::uint32_t position, bool exact) const;

    const HotspotLayout* layout_;
    MemoryReader* memory_;
    std::uint64_t address_;
    std::string name_;
    std::uint32_t size_ = 0;
};

}  // namespace footfall
