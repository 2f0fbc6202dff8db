#include "symbolizer/interpreters/hotspot/numbers.h"

#include <gtest/gtest.h>

#include <vector>

namespace footfall {
namespace {

std::vector<std::byte> bytes_of(std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

std::uint32_t number_of(std::initializer_list<int> values, bool without_zeros) {
    const auto bytes = bytes_of(values);
    HotspotNumbers numbers(bytes, without_zeros);
    const std::uint32_t number = numbers.number();
    EXPECT_TRUE(numbers.ok());
    return number;
}

// Values and bytes as unsigned5.hpp's comments and the virtual machines' own files have them.
TEST(HotspotNumbers, AreReadAsVersionsBefore20WriteThem) {
    EXPECT_EQ(number_of({0}, false), 0);
    EXPECT_EQ(number_of({191}, false), 191);
    EXPECT_EQ(number_of({192, 0}, false), 192);
    EXPECT_EQ(number_of({193, 0}, false), 193);
    EXPECT_EQ(number_of({255, 1}, false), 255 + 64);
    EXPECT_EQ(number_of({255, 255, 255, 255, 252}, false), 255U + 255U * 64 + 255U * 4096 + 255U * 262144 + 252U * 16777216);
}

TEST(HotspotNumbers, AreReadWithoutZerosAsLaterVersionsWriteThem) {
    EXPECT_EQ(number_of({1}, true), 0);
    EXPECT_EQ(number_of({191}, true), 190);
    EXPECT_EQ(number_of({192, 1}, true), 191);
    EXPECT_EQ(number_of({193, 2}, true), 192 + 64);
}

TEST(HotspotNumbers, HaveTheirSignInTheLowestBit) {
    const auto bytes = bytes_of({0, 1, 2, 3});
    HotspotNumbers numbers(bytes, false);
    EXPECT_EQ(numbers.signed_number(), 0);
    EXPECT_EQ(numbers.signed_number(), -1);
    EXPECT_EQ(numbers.signed_number(), 1);
    EXPECT_EQ(numbers.signed_number(), -2);
}

TEST(HotspotNumbers, EndWithTheirBytes) {
    const auto bytes = bytes_of({200, 200});
    HotspotNumbers numbers(bytes, false);
    EXPECT_EQ(numbers.number(), 0);
    EXPECT_FALSE(numbers.ok());
    EXPECT_EQ(numbers.byte(), 0);
}

TEST(HotspotNumbers, HaveNoZeroByteSince20) {
    const auto bytes = bytes_of({0, 5});
    HotspotNumbers numbers(bytes, true);
    numbers.number();
    EXPECT_FALSE(numbers.ok());
}

}  // namespace
}  // namespace footfall
