#include "agent/base/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace footfall {
namespace {

using testing::ElementsAre;

TEST(Text, SplittingKeepsEmptyPieces) {
    EXPECT_THAT(split("a,b,,c", ','), ElementsAre("a", "b", "", "c"));
    EXPECT_THAT(split("", ','), ElementsAre(""));
    EXPECT_THAT(split(",", ','), ElementsAre("", ""));
}

TEST(Text, TrimmingTakesSpacesAndTabsFromBothEnds) {
    EXPECT_EQ(trim(" \ta b\t "), "a b");
    EXPECT_EQ(trim("  "), "");
}

TEST(Text, AGlobMatchesTheWholeText) {
    EXPECT_TRUE(glob_match("shop-*", "shop-eu"));
    EXPECT_TRUE(glob_match("shop-*", "shop-"));
    EXPECT_TRUE(glob_match("*", ""));
    EXPECT_TRUE(glob_match("?at", "cat"));
    EXPECT_TRUE(glob_match("*.service", "a.service.service"));
    EXPECT_TRUE(glob_match("a*b*c", "a-b-b-c"));
    EXPECT_TRUE(glob_match("", ""));
    EXPECT_FALSE(glob_match("", "a"));
    EXPECT_FALSE(glob_match("shop", "shop-eu"));
    EXPECT_FALSE(glob_match("?at", "at"));
    EXPECT_FALSE(glob_match("a*b*c", "a-c-b"));
    EXPECT_FALSE(glob_match("[a]", "a")) << "everything but * and ? is literal";
}

TEST(Text, AGlobOfManyStarsIsStillFast) {
    std::string pattern;
    for (int i = 0; i < 50; ++i) pattern += "*a";
    EXPECT_FALSE(glob_match(pattern + "b", std::string(2000, 'a')));
}

TEST(Text, EditDistanceCountsSwapsAsOne) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("listen", "listen"), 0U);
    EXPECT_EQ(edit_distance("lisetn", "listen"), 1U);
    EXPECT_EQ(edit_distance("listn", "listen"), 1U);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Text, TheNearestNameIsFoundAndNothingWhereNoneIsClose) {
    constexpr std::array<std::string_view, 3> kNames{"listen", "insecure", "level"};
    EXPECT_EQ(nearest("lisen", kNames), "listen");
    EXPECT_EQ(nearest("insecrue", kNames), "insecure");
    EXPECT_EQ(nearest("banana", kNames), "");
    EXPECT_EQ(nearest("", kNames), "");
}

TEST(Text, DurationsHaveThreeDigitsAndAUnit) {
    EXPECT_EQ(format_duration(0), "0 ns");
    EXPECT_EQ(format_duration(850), "850 ns");
    EXPECT_EQ(format_duration(12'345), "12.3 µs");
    EXPECT_EQ(format_duration(4'560'000), "4.56 ms");
    EXPECT_EQ(format_duration(999'700), "1.00 ms");
    EXPECT_EQ(format_duration(9'995'000), "10.0 ms");
    EXPECT_EQ(format_duration(1'230'000'000), "1.23 s");
    EXPECT_EQ(format_duration(59'980'000'000), "1m 0s");
    EXPECT_EQ(format_duration(125'000'000'000), "2m 5s");
    EXPECT_EQ(format_duration(11'040'000'000'000), "3h 4m");
}

TEST(Text, BytesHaveBinaryUnits) {
    EXPECT_EQ(format_bytes(512), "512 B");
    EXPECT_EQ(format_bytes(1024), "1.00 KiB");
    EXPECT_EQ(format_bytes(8U << 20), "8.00 MiB");
    EXPECT_EQ(format_bytes((1U << 20) - 1), "1.00 MiB");
    EXPECT_EQ(format_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(Text, CountsHaveCommas) {
    EXPECT_EQ(format_count(0), "0");
    EXPECT_EQ(format_count(999), "999");
    EXPECT_EQ(format_count(1000), "1,000");
    EXPECT_EQ(format_count(1'234'567), "1,234,567");
}

}  // namespace
}  // namespace footfall
