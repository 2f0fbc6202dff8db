// Reads the functions of a compilation unit, and what was inlined into them, from its entries.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "symbolizer/dwarf/unit.h"

namespace footfall {

class FileNumbers;

class FunctionReader {
public:
    // most_ranges: of addresses that are read; what has more is left out.
    FunctionReader(Unit& unit, std::span<const CodeRange> code, FileNumbers& files, std::size_t most_ranges)
        : unit_(unit), code_(code), files_(files), ranges_left_(most_ranges) {}
    void read(Dwarf_Die& unit_entry);

private:
    struct Interval {
        std::uint32_t start = 0;
        std::uint32_t end = 0;
        std::uint32_t function = 0;
        std::uint32_t depth = 0;
    };

    void read_children(Dwarf_Die& entry, std::uint32_t parent, unsigned depth);
    void read_entry(Dwarf_Die& entry, std::uint32_t parent, unsigned depth);
    bool add_function(Dwarf_Die& entry, std::uint32_t parent, unsigned depth);
    void flatten();

    Unit& unit_;
    std::span<const CodeRange> code_;
    FileNumbers& files_;
    std::size_t ranges_left_;
    std::uint64_t last_entry_ = 0;  // offset
    std::vector<Interval> intervals_;
};

}  // namespace footfall
