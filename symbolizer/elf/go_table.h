// The header of the function table (.gopclntab) that every Go binary carries for its runtime: its format, and where its
// parts begin. Formats: of Go 1.2, 1.16, 1.18 and 1.20 (the current one), of this machine's byte order. Threads: any; no
// state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall {

enum class GoTableVersion : std::uint8_t { k12, k116, k118, k120 };

struct GoTable {
    GoTableVersion version = GoTableVersion::k120;
    unsigned quantum = 1;  // bytes that programs count addresses in
    unsigned pointer_size = 8;
    std::uint64_t function_count = 0;
    std::uint64_t text_start = 0;  // that addresses of functions count from; 0: not said
    // Offsets into the table.
    std::uint64_t functions = 0;  // pairs of an address and where the function's record is, and the end of the last
    std::uint64_t programs = 0;   // what is said of address ranges: lines, files, stack pointers
    std::uint64_t names = 0;
    std::uint64_t unit_files = 0;
    std::uint64_t files = 0;

    [[nodiscard]] bool counts_from_text() const { return version >= GoTableVersion::k118; }
    // Of a number in `functions`, and of the address that a record begins with.
    [[nodiscard]] unsigned entry_size() const { return counts_from_text() ? 4 : pointer_size; }
};

constexpr std::size_t kGoTableHeaderBytes = 72;

// front: the table's first kGoTableHeaderBytes, or all that there are. size: of the whole table; offsets that lie outside
// are refused. Of Go 1.2's table, what follows its functions (`files`) is 0: it is not in the header.
[[nodiscard]] std::optional<GoTable> read_go_table_header(std::string_view front, std::uint64_t size);

}  // namespace footfall
