// Which compilation unit has the code at an address. Threads: any, once built.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "symbolizer/dwarf/dwarf_file.h"
#include "symbolizer/elf/function_symbols.h"

namespace footfall {

class UnitIndex {
public:
    // Reads the header and the first entry of every unit. Ranges outside of code belong to functions that the linker
    // dropped.
    UnitIndex(const DwarfFile& file, std::span<const CodeRange> code);

    // The offset of the unit's first entry in .debug_info.
    [[nodiscard]] std::optional<std::uint64_t> find(std::uint64_t address) const;

    [[nodiscard]] std::size_t bytes() const { return ranges_.capacity() * sizeof(Range); }

private:
    struct Range {
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        std::uint64_t unit = 0;
    };
    // left: how many ranges may still be read.
    void add(Dwarf_Die& unit, std::span<const CodeRange> code, std::size_t& left);

    std::vector<Range> ranges_;  // sorted by start
};

}  // namespace footfall
