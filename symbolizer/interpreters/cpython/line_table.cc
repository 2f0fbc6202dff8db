#include "symbolizer/interpreters/cpython/line_table.h"

namespace footfall {
namespace {

constexpr std::int64_t kMostLine = INT32_MAX;

std::optional<std::uint32_t> sound(std::int64_t line) {
    if (line <= 0 || line > kMostLine) return std::nullopt;
    return static_cast<std::uint32_t>(line);
}

// Pairs of bytes: how far the next line's first instruction is, and how many lines on.
std::optional<std::uint32_t> line_in_lnotab(std::span<const std::byte> table, std::int64_t line, std::uint64_t position) {
    std::uint64_t at = 0;
    for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
        at += std::to_integer<std::uint8_t>(table[i]);
        if (at > position) break;
        line += static_cast<std::int8_t>(table[i + 1]);
    }
    return sound(line);
}

// Pairs of bytes: how long a run of instructions is, and by how many lines it is further on than the one before; -128: it
// has none.
std::optional<std::uint32_t> line_in_line_table(std::span<const std::byte> table, std::int64_t line,
                                                std::uint64_t position) {
    constexpr std::int8_t kNoLine = -128;
    std::uint64_t end = 0;
    for (std::size_t i = 0; i + 1 < table.size(); i += 2) {
        end += std::to_integer<std::uint8_t>(table[i]);
        const auto delta = static_cast<std::int8_t>(table[i + 1]);
        if (delta != kNoLine) line += delta;
        if (position < end) return delta == kNoLine ? std::nullopt : sound(line);
    }
    return std::nullopt;
}

// Reads the entries of a location table. Numbers are little-endian in groups of six bits; bit 6 says that there are more.
class Locations {
public:
    explicit Locations(std::span<const std::byte> table) : table_(table) {}

    [[nodiscard]] bool at_end() const { return at_ >= table_.size(); }
    [[nodiscard]] std::uint8_t byte() { return at_end() ? 0 : std::to_integer<std::uint8_t>(table_[at_++]); }

    std::uint64_t number() {
        constexpr unsigned kMostShift = 54;
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift <= kMostShift && !at_end(); shift += 6) {
            const std::uint8_t group = byte();
            value |= std::uint64_t{group & 0x3fU} << shift;
            if ((group & 0x40U) == 0) break;
        }
        return value;
    }

    // The lowest bit is the sign.
    std::int64_t signed_number() {
        const std::uint64_t value = number();
        const auto amount = static_cast<std::int64_t>(value >> 1U);
        return (value & 1U) != 0 ? -amount : amount;
    }

    void skip_to_next() {
        while (!at_end() && (std::to_integer<std::uint8_t>(table_[at_]) & 0x80U) == 0) ++at_;
    }

private:
    std::span<const std::byte> table_;
    std::size_t at_ = 0;
};

std::optional<std::uint32_t> line_in_locations(std::span<const std::byte> table, std::int64_t line, std::uint64_t position) {
    enum Form : std::uint8_t { kFirstOneLine = 10, kLastOneLine = 12, kNoColumns = 13, kLong = 14, kNone = 15 };
    constexpr std::uint64_t kCodeUnit = 2;
    Locations locations(table);
    std::uint64_t end = 0;
    while (!locations.at_end()) {
        const std::uint8_t head = locations.byte();
        if ((head & 0x80U) == 0) return std::nullopt;
        const auto form = static_cast<std::uint8_t>(head >> 3U & 0xfU);
        end += ((head & 7U) + 1) * kCodeUnit;
        if (form == kNoColumns || form == kLong) line += locations.signed_number();
        if (form >= kFirstOneLine && form <= kLastOneLine) line += form - kFirstOneLine;
        if (line < 0 || line > kMostLine) return std::nullopt;
        if (position < end) return form == kNone ? std::nullopt : sound(line);
        locations.skip_to_next();
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::uint32_t> line_at(CpythonLines format, std::span<const std::byte> table, std::uint32_t first_line,
                                     std::uint32_t position) {
    switch (format) {
        case CpythonLines::kLnotab:
            return line_in_lnotab(table, first_line, position);
        case CpythonLines::kLineTable:
            return line_in_line_table(table, first_line, position);
        case CpythonLines::kLocations:
            return line_in_locations(table, first_line, position);
    }
    return std::nullopt;
}

}  // namespace footfall
