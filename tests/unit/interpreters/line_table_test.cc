// Held against what CPython 3.9, 3.10, 3.11 and 3.13 themselves read in their tables (record_lines.py).
#include "symbolizer/interpreters/cpython/line_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace footfall {
namespace {

std::vector<std::byte> bytes_of_hex(const std::string& hex) {
    std::vector<std::byte> bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    return bytes;
}

CpythonLines format_of(unsigned minor) {
    if (minor == 9) return CpythonLines::kLnotab;
    return minor == 10 ? CpythonLines::kLineTable : CpythonLines::kLocations;
}

TEST(PythonLines, AreThoseThatTheInterpreterReadsItself) {
    std::ifstream recorded(FOOTFALL_PYTHON_LINES);
    std::size_t compared = 0;
    std::set<unsigned> versions;
    for (std::string line; std::getline(recorded, line);) {
        std::istringstream words(line);
        unsigned minor = 0;
        std::uint32_t first_line = 0;
        std::string hex;
        words >> minor >> first_line >> hex;
        const std::vector<std::byte> table = bytes_of_hex(hex);
        versions.insert(minor);
        for (std::string word; words >> word; ++compared) {
            const auto position = static_cast<std::uint32_t>(std::stoul(word));
            const auto expected = static_cast<std::uint32_t>(std::stoul(word.substr(word.find(':') + 1)));
            EXPECT_EQ(line_at(format_of(minor), table, first_line, position).value_or(0), expected)
                << "3." << minor << " line " << first_line << " at " << position;
        }
    }
    EXPECT_GT(compared, 1200U);
    EXPECT_EQ(versions, (std::set<unsigned>{9, 10, 11, 13}));
}

TEST(PythonLines, OfAPositionBehindTheTableAreNone) {
    const std::vector<std::byte> one_entry = {std::byte{0x80}, std::byte{0}};  // one unit, the first line
    EXPECT_EQ(line_at(CpythonLines::kLocations, one_entry, 7, 0), 7U);
    EXPECT_EQ(line_at(CpythonLines::kLocations, one_entry, 7, 2), std::nullopt);
    EXPECT_EQ(line_at(CpythonLines::kLocations, {}, 7, 0), std::nullopt);
    EXPECT_EQ(line_at(CpythonLines::kLineTable, {}, 7, 0), std::nullopt);
    EXPECT_EQ(line_at(CpythonLines::kLnotab, {}, 7, 0), 7U) << "the first line has no entry there";
}

TEST(PythonLines, OfDamagedTablesAreSomeLineOrNone) {
    std::mt19937 random(1);
    for (int i = 0; i < 20'000; ++i) {
        std::vector<std::byte> table(random() % 40);
        for (std::byte& byte : table) byte = static_cast<std::byte>(random());
        for (const auto format : {CpythonLines::kLnotab, CpythonLines::kLineTable, CpythonLines::kLocations}) {
            const auto line = line_at(format, table, random() % 100, random() % 200);
            EXPECT_NE(line, 0U);
        }
    }
}

}  // namespace
}  // namespace footfall
