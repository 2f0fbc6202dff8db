#include "symbolizer/functions/name_patterns.h"

#include <gtest/gtest.h>

#include <chrono>

#include "symbolizer/functions/nearest_names.h"

namespace footfall {
namespace {

TEST(NamePatterns, MatchWithTheirParametersAndWithout) {
    EXPECT_TRUE(NamePatterns({"shop::order"}, {}).match("shop::order(int, char const*)"));
    EXPECT_TRUE(NamePatterns({"shop::order(int*"}, {}).match("shop::order(int, char const*)"));
    EXPECT_TRUE(NamePatterns({"*operator()"}, {}).match("shop::Less::operator()(int, int)"));
    EXPECT_TRUE(NamePatterns({"(anonymous namespace)::f"}, {}).match("(anonymous namespace)::f(void (*)(int))"));
    EXPECT_FALSE(NamePatterns({"order"}, {}).match("shop::order(int)"));
}

TEST(NamePatterns, ARegularExpressionFindsAPart) {
    EXPECT_TRUE(NamePatterns({}, {"order"}).match("shop::order(int)"));
    EXPECT_TRUE(NamePatterns({}, {"^shop::order$"}).match("shop::order(int)"));
    EXPECT_TRUE(NamePatterns({}, {"\\(int\\)$"}).match("shop::order(int)"));
    EXPECT_TRUE(NamePatterns({}, {"(?i)ORDER"}).match("shop::order(int)"));
    EXPECT_FALSE(NamePatterns({}, {"^order"}).match("shop::order(int)"));
    EXPECT_FALSE(NamePatterns({}, {"(order"}).match("(order")) << "it is none";
}

// A backtracking matcher takes 2^n steps for each of these.
TEST(NamePatterns, NoNameTakesARegularExpressionLong) {
    const std::string name(1U << 20U, 'a');
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(NamePatterns({}, {"^(a+)+$b"}).match(name));
    EXPECT_FALSE(NamePatterns({}, {"^(a|a)*b$"}).match(name));
    EXPECT_FALSE(NamePatterns({}, {"^(a?){40}a{40}b"}).match(name));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(NamePatterns, SayWhyARegularExpressionIsNone) {
    EXPECT_EQ(why_no_regex("^a(b|c)$"), "");
    EXPECT_NE(why_no_regex("a(b"), "");
    EXPECT_NE(why_no_regex("(a{1000}){1000}"), "") << "it would take more memory than it may";
}

TEST(NamePatterns, OfSourceFilesBeginAtAFolder) {
    EXPECT_TRUE(matches_source("src/cart/*.cc", "/build/shop/src/cart/add.cc"));
    EXPECT_TRUE(matches_source("add.cc", "/build/shop/src/cart/add.cc"));
    EXPECT_TRUE(matches_source("/build/*", "/build/shop/src/cart/add.cc"));
    EXPECT_TRUE(matches_source("add.cc", "add.cc"));
    EXPECT_FALSE(matches_source("dd.cc", "/build/shop/src/cart/add.cc"));
    EXPECT_FALSE(matches_source("src/cart", "/build/shop/src/cart/add.cc"));
}

TEST(NearestNames, AreLookedForByTheWordsOfAPattern) {
    EXPECT_EQ(without_wildcards("shop::*order?"), "shop::order");
    EXPECT_EQ(longest_word("^(get|place_order)\\w+$"), "place_order");
    EXPECT_EQ(longest_word("\\border\\b"), "order");
    EXPECT_EQ(longest_word("[.*]"), "");
    EXPECT_EQ(last_path_part("/a/b.cc"), "b.cc");
    EXPECT_EQ(last_path_part("b.cc"), "b.cc");
}

}  // namespace
}  // namespace footfall
