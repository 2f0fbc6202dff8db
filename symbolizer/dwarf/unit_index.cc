#include "symbolizer/dwarf/unit_index.h"

#include <dwarf.h>

#include <algorithm>
#include <tuple>

namespace footfall {
namespace {

// Ranges of units overlap only where a linker or a compiler erred; then this many are tried.
constexpr int kMaxOverlaps = 8;

}  // namespace

UnitIndex::UnitIndex(const DwarfFile& file, std::span<const CodeRange> code) {
    Dwarf_CU* unit = nullptr;
    Dwarf_Die entry;
    std::uint8_t type = 0;
    std::size_t left = file.most_ranges();
    while (dwarf_get_units(file.handle(), unit, &unit, nullptr, &type, &entry, nullptr) == 0) {
        if (type == DW_UT_compile || type == DW_UT_skeleton) add(entry, code, left);
    }
    // A function that several units hold, and the linker kept once, is described by each of them: the first unit is taken.
    std::sort(ranges_.begin(), ranges_.end(),
              [](const Range& a, const Range& b) { return std::tie(a.start, b.unit) < std::tie(b.start, a.unit); });
    ranges_.shrink_to_fit();
}

void UnitIndex::add(Dwarf_Die& unit, std::span<const CodeRange> code, std::size_t& left) {
    const std::uint64_t offset = dwarf_dieoffset(&unit);
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    for (std::ptrdiff_t at = 0; left > 0 && (at = dwarf_ranges(&unit, at, &base, &start, &end)) > 0;) {
        --left;
        if (start < end && code_range_of(code, start) != nullptr) ranges_.push_back({start, end, offset});
    }
}

std::optional<std::uint64_t> UnitIndex::find(std::uint64_t address) const {
    auto at = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                               [](std::uint64_t wanted, const Range& range) { return wanted < range.start; });
    for (int tries = 0; tries < kMaxOverlaps && at != ranges_.begin(); ++tries) {
        --at;
        if (address < at->end) return at->unit;
    }
    return std::nullopt;
}

}  // namespace footfall
