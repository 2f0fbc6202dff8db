// The function symbols of one ELF file by address: an immutable, compact index.
//
// Which symbols: those in code of .symtab; without one, those of .dynsym and of .gnu_debugdata. Which name an address gets:
// - A function with a size covers its bytes. Where functions overlap, the one that starts last has them.
// - Of several that start at the same address: global before weak before local, then the longer one, the shorter name, and
// the
//   name that sorts first. Bytes that only the loser covers stay its own.
// - A function without a size reaches from its start to the next function, at most to the end of its section, and takes only
//   what no function with a size covers. What is left, untyped symbols (hand-written assembler) take in the same way.
// - Names that start with ".L" or "$" are the assembler's, not functions. "@VERSION" at the end is cut off.
//
// Names are as in the file (mangled). Addresses are virtual. Threads: any, once read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/elf/elf_file.h"
#include "symbolizer/frame.h"

namespace footfall {

struct FunctionSymbol {
    std::string_view name;    // valid as long as the table
    std::uint64_t start = 0;  // address
};

class SymbolTable {
public:
    // kStripped: no function symbols. kTooLarge: they would take more than max_bytes.
    static tl::expected<SymbolTable, Miss> read(const ElfFile& file, std::size_t max_bytes);

    // kOutsideOfSymbols where none covers the address.
    [[nodiscard]] tl::expected<FunctionSymbol, Miss> find(std::uint64_t address) const;

    [[nodiscard]] std::size_t functions() const { return functions_.size(); }
    [[nodiscard]] std::size_t bytes() const;

private:
    friend class SymbolTableBuilder;
    struct Function {
        std::uint32_t start = 0;  // from base_
        std::uint32_t name = 0;   // in names_
    };
    static constexpr std::uint32_t kNobody = ~std::uint32_t{0};

    std::uint64_t base_ = 0;
    std::vector<std::uint32_t> starts_;  // sorted, from base_: where another function, or none, begins
    std::vector<std::uint32_t> owners_;  // parallel: index into functions_, or kNobody
    std::vector<Function> functions_;
    std::string names_;  // each ends with NUL
};

}  // namespace footfall
