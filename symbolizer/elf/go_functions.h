// The function table (.gopclntab) that every Go binary carries for its runtime, stripped or not: names, files and lines.
//
// The table is not trusted; every offset in it is checked. Threads: any, once open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "symbolizer/elf/elf_file.h"
#include "symbolizer/elf/go_table.h"
#include "symbolizer/frame.h"

namespace footfall {

class GoFunctions {
public:
    struct Function {
        std::string_view name;
        std::uint64_t start = 0;  // address
    };
    struct Extent {
        std::string_view name;
        std::uint64_t start = 0;
        std::uint64_t end = 0;
    };
    struct Place {
        std::string_view file;
        std::uint32_t line = 0;
    };

    // Reads the table in place: the descriptor must stay open as long as this is. kStripped: there is none. kMalformed.
    static tl::expected<GoFunctions, Miss> open(int fd);

    // Views are valid as long as this is.
    [[nodiscard]] std::optional<Function> find(std::uint64_t address) const;
    [[nodiscard]] std::vector<Extent> all() const;
    // Those with one of these names.
    [[nodiscard]] std::vector<Extent> named(std::span<const std::string_view> names) const;
    [[nodiscard]] std::optional<Place> line_of(std::uint64_t address) const;

private:
    GoFunctions(ElfFile file, std::string_view table, GoTable layout)
        : file_(std::move(file)), table_(table), layout_(layout) {}
    bool find_files();
    template <typename Value>
    [[nodiscard]] Value value_at(std::uint64_t at) const;            // 0 outside of the table
    [[nodiscard]] std::uint64_t pointer_at(std::uint64_t at) const;  // of the program's size
    [[nodiscard]] std::uint64_t varint_at(std::uint64_t& at) const;
    [[nodiscard]] std::string_view text_at(std::uint64_t at) const;
    [[nodiscard]] std::uint64_t entry_address(std::uint64_t index) const;
    [[nodiscard]] std::optional<std::uint64_t> record_of(std::uint64_t address) const;
    [[nodiscard]] std::uint32_t field_at(std::uint64_t record, unsigned index) const;
    // What a program (address ranges with a value each) says at so many bytes from the function's start; -1: nothing.
    [[nodiscard]] std::int64_t program_value(std::uint64_t program, std::uint64_t offset) const;
    [[nodiscard]] std::string_view file_name(std::uint64_t record, std::int64_t number) const;

    ElfFile file_;
    std::string_view table_;
    GoTable layout_;
};

}  // namespace footfall
