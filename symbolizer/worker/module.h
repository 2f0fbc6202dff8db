// All that is known of one ELF file in the worker: its symbols, and, once lines are asked for, its debug information.
// Reads lazily. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <unordered_map>
#include <vector>

#include "agent/base/fd.h"
#include "symbolizer/dwarf/debug_info.h"
#include "symbolizer/elf/go_functions.h"
#include "symbolizer/elf/symbol_table.h"
#include "symbolizer/frame.h"
#include "symbolizer/unwind/function_bounds.h"

namespace footfall {

struct ModuleFds {
    Fd elf;
    Fd debug;  // may be invalid
    Fd alt;    // may be invalid
};

struct ModuleLimits {
    std::size_t symbol_bytes = 0;  // more is refused
    std::size_t debug_bytes = 0;   // of units, and again of what libdw keeps: the oldest go
};

class Module {
public:
    Module(ModuleFds files, const ModuleLimits& limits);

    SymbolizedAddress symbolize(std::uint64_t address, Detail detail);
    // The source file of the function at an address, not of what was inlined there. Empty: not known. Valid until the next
    // call.
    std::string_view source_of(std::uint64_t address);

    [[nodiscard]] const ModuleFds& files() const { return files_; }
    // Of what is kept.
    [[nodiscard]] std::size_t bytes() const;

private:
    struct Name {
        std::string_view mangled;
        std::uint64_t start = 0;
    };

    void read_symbols();
    void read_debug_info();
    [[nodiscard]] tl::expected<Name, Miss> name_of(std::uint64_t address) const;
    [[nodiscard]] std::uint64_t offset_in_nameless(std::uint64_t address);
    const std::string& readable(std::string_view mangled);

    ModuleFds files_;
    ModuleLimits limits_;
    std::optional<SymbolTable> symbols_;
    std::optional<GoFunctions> go_functions_;
    Miss symbols_miss_ = Miss::kStripped;
    bool debug_info_tried_ = false;
    std::optional<DebugInfo> debug_info_;
    bool bounds_tried_ = false;
    std::unique_ptr<FunctionBounds> bounds_;
    std::vector<DebugFrame> frames_;  // of the address in hand
    std::unordered_map<std::string_view, std::string> readable_;
    std::size_t readable_bytes_ = 0;
};

}  // namespace footfall
