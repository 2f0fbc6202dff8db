// What is kept of one compilation unit: its functions with what was inlined into them, and its lines, as flat tables by
// address. Built in one pass over its entries and its line table. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "symbolizer/dwarf/debug_info.h"
#include "symbolizer/dwarf/dwarf_file.h"
#include "symbolizer/elf/function_symbols.h"

namespace footfall {

// Names of source files, each once.
class FileNames {
public:
    // name: as libdw tells it. directory: where the unit was compiled, for names that lead out of it.
    std::string_view keep(std::string_view name, std::string_view directory);
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    std::unordered_set<std::string> names_;
    std::size_t bytes_ = 0;
};

class Unit {
public:
    // offset: of its first entry. Code outside of these ranges was dropped by the linker.
    Unit(const DwarfFile& file, std::uint64_t offset, std::span<const CodeRange> code, FileNames& names);

    // Appends the frames at an address, the innermost first. file: the one that it was built from.
    void find(const DwarfFile& file, std::uint64_t address, std::vector<DebugFrame>& frames);

    [[nodiscard]] std::size_t bytes() const;
    // About what libdw keeps because of it.
    [[nodiscard]] std::size_t decoder_bytes() const { return decoder_bytes_; }

private:
    friend class FunctionReader;
    friend class LineReader;
    static constexpr std::uint32_t kNothing = ~std::uint32_t{0};

    // A function, or one that was inlined into its parent.
    struct Function {
        std::uint64_t entry = 0;     // offset in .debug_info
        const char* name = nullptr;  // looked up when it is first asked for
        std::uint32_t parent = kNothing;
        std::uint32_t call_file = 0;  // where the parent called it
        std::uint32_t call_line = 0;
    };
    struct Row {
        std::uint32_t file = 0;
        std::uint32_t line = 0;
    };

    [[nodiscard]] const Row* row_of(std::uint32_t offset) const;
    const char* name_of(const DwarfFile& file, Function& function);

    std::uint64_t base_ = 0;  // addresses below are relative to it
    std::vector<Function> functions_;
    std::vector<std::uint32_t> function_starts_;  // sorted: where another function, or none, begins
    std::vector<std::uint32_t> function_owners_;  // parallel: index into functions_, or kNothing
    std::vector<std::uint32_t> row_starts_;       // sorted
    std::vector<Row> rows_;                       // parallel; file kNothing: no line
    std::vector<std::string_view> files_;         // the first is empty
    std::size_t decoder_bytes_ = 0;
};

}  // namespace footfall
