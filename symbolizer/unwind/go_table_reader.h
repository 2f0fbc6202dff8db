// Reads Go's function table (.gopclntab) function by function, and what it says of a function's stack pointer, out of a file
// that is not trusted. What lies outside of the table is an honest miss (nullopt).
//
// Formats: of Go 1.18 and 1.20 (the current one). Borrows the file. One thread. Holds nothing of the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "symbolizer/elf/go_table.h"
#include "symbolizer/unwind/file_blocks.h"

namespace footfall {

// Where a file has the table.
struct GoTablePlace {
    GoTable table;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

struct GoFunction {
    std::uint64_t begin = 0;  // both from the start of the text on
    std::uint64_t end = 0;
    std::uint32_t name = 0;           // offset into the names
    std::uint32_t stack_program = 0;  // offset into the programs; 0: it has none
    std::uint8_t flags = 0;
};

constexpr std::uint8_t kGoTopFrame = 1;            // nobody called it, or nobody who can be found
constexpr std::uint8_t kGoWritesStackPointer = 2;  // it changes to another stack, or aligns its own

class GoTableReader {
public:
    GoTableReader(FileBlocks& file, const GoTablePlace& place) : file_(file), place_(place) {}

    [[nodiscard]] const GoTable& table() const { return place_.table; }

    std::optional<GoFunction> function(std::uint64_t number);
    // Cut at 64 bytes.
    std::string name_of(const GoFunction& function);

    // Of the table's bytes.
    bool read(std::uint64_t offset, void* into, std::size_t size);

private:
    FileBlocks& file_;
    GoTablePlace place_;
};

// How far a function's stack pointer lies below the return address, for each range of its addresses.
class GoStackProgram {
public:
    GoStackProgram(GoTableReader& table, const GoFunction& function);

    // The next range, not beyond the function's end. False where there is no more; sound() knows whether that is the end.
    bool next();
    [[nodiscard]] bool sound() const { return sound_; }

    [[nodiscard]] std::uint64_t begin() const { return begin_; }  // from the start of the text on
    [[nodiscard]] std::uint64_t end() const { return end_; }
    [[nodiscard]] std::int32_t depth() const { return static_cast<std::int32_t>(depth_); }  // bytes
    [[nodiscard]] std::uint64_t bytes_read() const { return at_ - from_; }

private:
    std::uint32_t varint();

    GoTableReader& table_;
    std::uint64_t function_end_;
    std::uint64_t from_;
    std::uint64_t at_;
    std::uint64_t begin_ = 0;
    std::uint64_t end_;
    std::uint32_t depth_ = ~std::uint32_t{0};  // programs begin at -1
    bool first_ = true;
    bool sound_ = true;
};

}  // namespace footfall
