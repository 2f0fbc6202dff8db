// Reads the line table of a compilation unit.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "symbolizer/dwarf/unit.h"

namespace footfall {

// Gives the source files that libdw names small numbers, in the order of their use.
class FileNumbers {
public:
    // Of the unit that these files are of; keeps names.
    FileNumbers(std::vector<std::string_view>& numbered, FileNames& names, std::string_view directory)
        : numbered_(numbered), names_(names), directory_(directory) {
        numbered_.assign(1, {});
    }
    void set_table(Dwarf_Files* table, std::size_t size) {
        table_ = table;
        size_ = size;
    }
    // name: as libdw keeps it, so that one address is one name. 0: none.
    std::uint32_t number_of(const char* name);
    // index: in the unit's own table.
    std::uint32_t number_at(std::uint64_t index);

private:
    std::vector<std::string_view>& numbered_;
    FileNames& names_;
    std::string_view directory_;
    std::unordered_map<const char*, std::uint32_t> known_;
    Dwarf_Files* table_ = nullptr;
    std::size_t size_ = 0;
};

class LineReader {
public:
    LineReader(Unit& unit, std::span<const CodeRange> code, FileNumbers& files) : unit_(unit), code_(code), files_(files) {}
    void read(Dwarf_Die& unit_entry);

private:
    void add(std::uint32_t offset, Unit::Row row);

    Unit& unit_;
    std::span<const CodeRange> code_;
    FileNumbers& files_;
};

}  // namespace footfall
