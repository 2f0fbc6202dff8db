// Reads the function symbols out of the symbol tables of an ELF file, as they are: the raw material of a SymbolTable.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/elf/elf_file.h"
#include "symbolizer/frame.h"

namespace footfall {

// How sure it is that a symbol stands for a function with these bytes; the surer kind first.
enum class SymbolKind : std::uint8_t { kSizedFunction, kUnsizedFunction, kUntyped };

// The first is preferred for a name.
enum class SymbolBinding : std::uint8_t { kGlobal, kWeak, kLocal };

struct RawSymbol {
    std::uint64_t address = 0;
    std::uint64_t size = 0;
    std::uint64_t limit = 0;  // the end of its section
    std::string_view name;    // in the file that it was read from
    SymbolKind kind = SymbolKind::kUntyped;
    SymbolBinding binding = SymbolBinding::kLocal;
    bool indirect = false;  // STT_GNU_IFUNC: what it names is not the function but what chooses it
};

// A range of addresses that holds code, as the section headers tell.
struct CodeRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

// Sorted by start.
std::vector<CodeRange> code_ranges(const ElfFile& file);
// The range that an address is in; null: it is no code.
const CodeRange* code_range_of(std::span<const CodeRange> code, std::uint64_t address);

// Appends the symbols in code of the first section of a type (SHT_SYMTAB, SHT_DYNSYM). False when there is no such section.
bool append_function_symbols(const ElfFile& file, std::uint32_t section_type, std::span<const CodeRange> code,
                             std::vector<RawSymbol>& symbols);

// The function symbols of a file, from the best tables that it has: .symtab; without one, .dynsym and .gnu_debugdata.
class FunctionSymbols {
public:
    // file outlives this. max_bytes: of an inflated .gnu_debugdata.
    FunctionSymbols(const ElfFile& file, std::size_t max_bytes);
    FunctionSymbols(const FunctionSymbols&) = delete;
    FunctionSymbols& operator=(const FunctionSymbols&) = delete;

    [[nodiscard]] const std::vector<CodeRange>& code() const { return code_; }
    [[nodiscard]] const std::vector<RawSymbol>& symbols() const { return symbols_; }

private:
    std::vector<CodeRange> code_;
    std::vector<RawSymbol> symbols_;  // their names lie in the file, or in these:
    std::vector<char> image_;
    std::optional<ElfFile> inner_;
};

}  // namespace footfall
