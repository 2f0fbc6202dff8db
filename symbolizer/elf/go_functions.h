// The function table (.gopclntab) that every Go binary carries for its runtime, stripped or not: names, files and lines.
//
// Read: the formats of Go 1.2, 1.16, 1.18 and 1.20 (the current one), of this machine's byte order. The table is not
// trusted; every offset in it is checked. Threads: any, once open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

#include "symbolizer/elf/elf_file.h"
#include "symbolizer/frame.h"

namespace footfall {

class GoFunctions {
public:
    struct Function {
        std::string_view name;
        std::uint64_t start = 0;  // address
    };
    struct Place {
        std::string_view file;
        std::uint32_t line = 0;
    };

    // Reads the table in place: the descriptor must stay open as long as this is. kStripped: there is none. kMalformed.
    static tl::expected<GoFunctions, Miss> open(int fd);

    // Views are valid as long as this is.
    [[nodiscard]] std::optional<Function> find(std::uint64_t address) const;
    [[nodiscard]] std::optional<Place> line_of(std::uint64_t address) const;

private:
    enum class Version : std::uint8_t { k12, k116, k118 };  // 1.20 differs from 1.18 in its magic number only
    // Where the parts of the table begin.
    struct Layout {
        std::uint64_t function_count = 0;
        std::uint64_t text_start = 0;
        std::uint64_t names = 0;
        std::uint64_t unit_files = 0;
        std::uint64_t files = 0;
        std::uint64_t programs = 0;
        std::uint64_t functions = 0;
    };

    GoFunctions(ElfFile file, std::string_view table) : file_(std::move(file)), table_(table) {}
    bool read_version();
    bool read_layout(std::uint64_t text_start);
    template <typename Value>
    [[nodiscard]] Value value_at(std::uint64_t at) const;            // 0 outside of the table
    [[nodiscard]] std::uint64_t pointer_at(std::uint64_t at) const;  // of the program's size
    [[nodiscard]] std::uint64_t varint_at(std::uint64_t& at) const;
    [[nodiscard]] std::string_view text_at(std::uint64_t at) const;
    [[nodiscard]] unsigned entry_size() const { return version_ == Version::k118 ? 4 : pointer_size_; }
    [[nodiscard]] std::uint64_t entry_address(std::uint64_t index) const;
    [[nodiscard]] std::optional<std::uint64_t> record_of(std::uint64_t address) const;
    [[nodiscard]] std::uint32_t field_at(std::uint64_t record, unsigned index) const;
    // What a program (address ranges with a value each) says at so many bytes from the function's start; -1: nothing.
    [[nodiscard]] std::int64_t program_value(std::uint64_t program, std::uint64_t offset) const;
    [[nodiscard]] std::string_view file_name(std::uint64_t record, std::int64_t number) const;

    ElfFile file_;
    std::string_view table_;
    Version version_ = Version::k118;
    unsigned pointer_size_ = 8;
    unsigned quantum_ = 1;
    Layout layout_;
};

}  // namespace footfall
