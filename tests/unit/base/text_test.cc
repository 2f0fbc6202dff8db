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

}  // namespace
}  // namespace footfall
