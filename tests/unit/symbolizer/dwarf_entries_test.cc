// DWARF as no compiler writes it: entries that contradict themselves.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>

#include "symbolizer/dwarf/debug_info.h"
#include "tests/unit/symbolizer/dwarf_bytes.h"

namespace footfall {
namespace {

constexpr std::size_t kPlenty = std::size_t{64} << 20;
constexpr std::uint8_t kAt = 4;  // an address in steps

void put_text(Bytes& bytes, std::string_view text) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.push_back(0);
}

void put_function(Bytes& entries, std::string_view name, std::uint8_t address, std::uint8_t size) {
    entries.push_back(DwarfBytes::kFunction);
    put_text(entries, name);
    entries.insert(entries.end(), {address, size});
}

std::uint16_t offset_behind(const Bytes& entries) {
    return static_cast<std::uint16_t>(DwarfBytes::kFirstEntry + entries.size());
}

// The names at an address, the innermost first.
std::string names_at(const DwarfBytes& dwarf, std::uint8_t address) {
    const Fd file = file_of(dwarf.file());
    auto info = DebugInfo::open(file.get(), -1, kPlenty);
    if (!info) return "cannot be opened";
    std::vector<DebugFrame> frames;
    info->find(DwarfBytes::kCode + address * DwarfBytes::kAddressStep, frames);
    std::string names;
    for (const DebugFrame& frame : frames) names += (names.empty() ? "" : " < ") + std::string(frame.function);
    return names;
}

TEST(DwarfEntries, NameTheFunctionsBelowThem) {
    Bytes entries = {DwarfBytes::kBlock};
    put_function(entries, "outer", kAt, 8);
    entries.insert(entries.end(), 3, 0);
    EXPECT_EQ(names_at({{entries}, {}, {}}, kAt), "outer");
    EXPECT_EQ(names_at({{entries}, {}, {}}, kAt + 1), "");
}

// Each would be read as the child and as the sibling of the one before it: twice as many for each.
TEST(DwarfEntries, ThatLeadBackIntoThemselvesAreReadOnce) {
    constexpr int kNested = 60;
    Bytes entries;
    for (int i = 0; i < kNested; ++i) {
        entries.push_back(DwarfBytes::kBlockWithSibling);
        put<std::uint16_t>(entries, static_cast<std::uint16_t>(offset_behind(entries) + 2));
    }
    put_function(entries, "innermost", kAt, 8);
    EXPECT_EQ(names_at({{entries}, {}, {}}, kAt), "innermost");
}

TEST(DwarfEntries, ThatShareALongListOfRangesDoNotMultiplyIt) {
    constexpr int kRanges = 8'000;
    constexpr int kFunctions = 3'000;
    constexpr long kMostKilobytes = 200 * 1024;
    DwarfBytes dwarf;
    for (int i = 0; i < kRanges; ++i)
        dwarf.ranges.insert(dwarf.ranges.end(), {DW_RLE_startx_length, kAt, static_cast<std::uint8_t>(1 + i % 8)});
    dwarf.ranges.push_back(DW_RLE_end_of_list);
    Bytes entries;
    for (int i = 0; i < kFunctions; ++i) {
        entries.insert(entries.end(), {DwarfBytes::kFunctionWithRanges, 'f', 0});
        put<std::uint32_t>(entries, DwarfBytes::kFirstRanges);
        entries.push_back(0);
    }
    dwarf.units = {entries};
    rusage before{};
    rusage after{};
    getrusage(RUSAGE_SELF, &before);
    EXPECT_EQ(names_at(dwarf, kAt), "f");
    getrusage(RUSAGE_SELF, &after);
    EXPECT_LT(after.ru_maxrss - before.ru_maxrss, kMostKilobytes);
}

}  // namespace
}  // namespace footfall
