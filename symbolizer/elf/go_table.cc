#include "symbolizer/elf/go_table.h"

#include <cstring>

namespace footfall {
namespace {

constexpr std::uint64_t kWordsBegin = 8;

template <typename Value>
Value number_at(std::string_view bytes, std::uint64_t at) {
    Value value{};
    if (at <= bytes.size() && bytes.size() - at >= sizeof value) std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

std::optional<GoTableVersion> version_of(std::uint32_t magic) {
    switch (magic) {
        case 0xfffffffb:
            return GoTableVersion::k12;
        case 0xfffffffa:
            return GoTableVersion::k116;
        case 0xfffffff0:
            return GoTableVersion::k118;
        case 0xfffffff1:
            return GoTableVersion::k120;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<GoTable> read_go_table_header(std::string_view front, std::uint64_t size) {
    const auto version = version_of(number_at<std::uint32_t>(front, 0));
    if (!version) return std::nullopt;
    GoTable table{.version = *version,
                  .quantum = number_at<std::uint8_t>(front, 6),
                  .pointer_size = number_at<std::uint8_t>(front, 7)};
    if (table.quantum != 1 && table.quantum != 2 && table.quantum != 4) return std::nullopt;
    if (table.pointer_size != 4 && table.pointer_size != 8) return std::nullopt;
    const auto word = [&](unsigned index) -> std::uint64_t {
        const std::uint64_t at = kWordsBegin + std::uint64_t{index} * table.pointer_size;
        return table.pointer_size == 8 ? number_at<std::uint64_t>(front, at) : number_at<std::uint32_t>(front, at);
    };
    table.function_count = word(0);
    if (table.function_count == 0 || table.function_count > size / 8) return std::nullopt;
    if (table.version == GoTableVersion::k12) {
        table.functions = kWordsBegin + table.pointer_size;
        return table;
    }
    if (table.counts_from_text()) table.text_start = word(2);
    const unsigned first = table.counts_from_text() ? 3 : 2;
    table.names = word(first);
    table.unit_files = word(first + 1);
    table.files = word(first + 2);
    table.programs = word(first + 3);
    table.functions = word(first + 4);
    for (const std::uint64_t part : {table.names, table.unit_files, table.files, table.programs, table.functions})
        if (part >= size) return std::nullopt;
    return table;
}

}  // namespace footfall
