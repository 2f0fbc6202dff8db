#include "agent/usage/route_patterns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

using testing::HasSubstr;

RoutePatterns patterns_of(std::initializer_list<const char*> texts) {
    RoutePatterns patterns;
    for (const char* text : texts) EXPECT_TRUE(patterns.add(parse_route_pattern(text).value())) << text;
    return patterns;
}

std::string error_of(std::string_view pattern) {
    const auto parsed = parse_route_pattern(pattern);
    if (parsed) return "it was accepted";
    EXPECT_EQ(parsed.error().exit_code, ExitCode::kBadConfig);
    return parsed.error().what;
}

TEST(RoutePatterns, APlaceholderIsOneSegmentThatIsNotEmpty) {
    const RoutePatterns patterns = patterns_of({"/orders/{id}"});
    EXPECT_EQ(patterns.match("GET", "/orders/42"), "/orders/{id}");
    EXPECT_EQ(patterns.match("GET", "/orders/anything-at-all"), "/orders/{id}");
    EXPECT_EQ(patterns.match("GET", "/orders"), "");
    EXPECT_EQ(patterns.match("GET", "/orders//"), "");
    EXPECT_EQ(patterns.match("GET", "/orders/42/items"), "");
    EXPECT_EQ(patterns.match("GET", "/order/42"), "");
    EXPECT_EQ(patterns.match("GET", "*"), "");
    EXPECT_EQ(patterns.match("GET", ""), "");
}

TEST(RoutePatterns, ASlashAtTheEndMakesNoDifference) {
    EXPECT_EQ(patterns_of({"/orders/{id}"}).match("GET", "/orders/42/"), "/orders/{id}");
    EXPECT_EQ(patterns_of({"/orders/{id}/"}).match("GET", "/orders/42"), "/orders/{id}/");
    EXPECT_EQ(patterns_of({"/"}).match("GET", "/"), "/");
    EXPECT_EQ(patterns_of({"/"}).match("GET", "/x"), "");
}

TEST(RoutePatterns, ARestTakesAnyNumberOfSegments) {
    const RoutePatterns patterns = patterns_of({"/files/{path...}"});
    for (const char* path : {"/files", "/files/", "/files/a", "/files/a/b/c", "/files//x"}) {
        EXPECT_EQ(patterns.match("GET", path), "/files/{path...}") << path;
    }
    EXPECT_EQ(patterns.match("GET", "/file"), "");
    EXPECT_EQ(patterns_of({"/{path...}"}).match("GET", "/"), "/{path...}");
}

TEST(RoutePatterns, FixedTextWinsOverAPlaceholderAndAPlaceholderOverARest) {
    const RoutePatterns patterns = patterns_of({"/{path...}", "/orders/{id}", "/orders/new", "/orders/{id}/items"});
    EXPECT_EQ(patterns.match("GET", "/orders/new"), "/orders/new");
    EXPECT_EQ(patterns.match("GET", "/orders/42"), "/orders/{id}");
    EXPECT_EQ(patterns.match("GET", "/orders/new/items"), "/orders/{id}/items");
    EXPECT_EQ(patterns.match("GET", "/orders/42/bills"), "/{path...}");
}

TEST(RoutePatterns, FixedTextThatLeadsNowhereIsGivenUp) {
    const RoutePatterns patterns = patterns_of({"/a/{x}/c", "/{y}/b/d"});
    EXPECT_EQ(patterns.match("GET", "/a/b/d"), "/{y}/b/d");
    EXPECT_EQ(patterns.match("GET", "/a/b/c"), "/a/{x}/c");
}

TEST(RoutePatterns, FixedTextMayStandAroundAPlaceholder) {
    // grafana/beyla#2183: Ruby's /@:username/lists/:id.
    const RoutePatterns patterns =
        patterns_of({"/@{username}/lists/{id}", "/{page}/lists/{id}", "/img/{name}.png", "/img/{name}"});
    EXPECT_EQ(patterns.match("GET", "/@jo/lists/my-list"), "/@{username}/lists/{id}");
    EXPECT_EQ(patterns.match("GET", "/jo/lists/my-list"), "/{page}/lists/{id}");
    EXPECT_EQ(patterns.match("GET", "/@/lists/x"), "/{page}/lists/{id}") << "the placeholder would be empty";
    EXPECT_EQ(patterns.match("GET", "/img/logo.png"), "/img/{name}.png");
    EXPECT_EQ(patterns.match("GET", "/img/.png"), "/img/{name}");
}

TEST(RoutePatterns, AMethodNarrowsAPatternAndWinsOverNone) {
    const RoutePatterns patterns = patterns_of({"/orders/{any}", "GET /orders/{id}", "POST /carts"});
    EXPECT_EQ(patterns.match("GET", "/orders/42"), "/orders/{id}");
    EXPECT_EQ(patterns.match("PUT", "/orders/42"), "/orders/{any}");
    EXPECT_EQ(patterns.match("POST", "/carts"), "/carts");
    EXPECT_EQ(patterns.match("GET", "/carts"), "");
}

TEST(RoutePatterns, OfTwoThatMatchTheSameTheFirstStays) {
    RoutePatterns patterns = patterns_of({"/orders/{id}"});
    EXPECT_FALSE(patterns.add(parse_route_pattern("/orders/{number}/").value()));
    EXPECT_TRUE(patterns.add(parse_route_pattern("GET /orders/{number}").value()));
    EXPECT_EQ(patterns.match("PUT", "/orders/42"), "/orders/{id}");
}

TEST(RoutePatterns, ErrorsSayWhatIsWrongAndWhere) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "character 1: it is empty"},
        {"orders", "character 1: a path begins with /"},
        {"GET orders", "character 5: a path begins with /"},
        {"FETCH /orders", "character 1: the word before the space is no HTTP method"},
        {"get /orders", "character 1: the word before the space is no HTTP method"},
        {"/orders/{id", "character 9: this { is never closed"},
        {"/orders/{id/x}", "character 9: this { is never closed"},
        {"/orders/id}", "character 11: this } closes nothing"},
        {"/orders/{}", "character 10: a placeholder needs a name"},
        {"/orders/{a b}", "no HTTP method"},
        {"/orders/{a.b}", "character 10: a placeholder needs a name"},
        {"/orders/{...}", "character 10: a placeholder needs a name"},
        {"/{a}{b}", "character 5: a segment has room for one placeholder only"},
        {"/files/{path...}/x", "character 18: nothing can follow a {...}"},
        {"/files/x{path...}", "character 9: a {...} must be a whole segment"},
        {"/api/*", "character 6: there is no *: {name} stands for one segment"},
        {"/orders?id={id}", "character 8: the query is no part of a route"},
        {"/caf\xc3\xa9", "character 5: spaces, control and non-ASCII characters never match"},
        {"/" + std::string(300, 'a'), "character 257: it is too long"},
    };
    for (const auto& [pattern, expected] : cases) EXPECT_THAT(error_of(pattern), HasSubstr(expected));
}

TEST(RoutePatterns, PatternsThatAgreeAlmostEverywhereDoNotMakeMatchingExponential) {
    // 2^16 ways to choose between a fixed segment and a placeholder, were every one tried again for every prefix.
    RoutePatterns patterns;
    for (int i = 0; i < 16; ++i) {
        std::string text;
        for (int segment = 0; segment < 16; ++segment) text += segment == i ? "/{x}" : "/a";
        EXPECT_TRUE(patterns.add(parse_route_pattern(text + "/end" + std::to_string(i)).value()));
    }
    std::string path;
    for (int segment = 0; segment < 16; ++segment) path += "/a";
    EXPECT_EQ(patterns.match("GET", path + "/nowhere"), "");
    EXPECT_EQ(patterns.match("GET", path + "/end7").substr(0, 2), "/a");
    EXPECT_EQ(patterns.match("GET", std::string(100'000, '/')), "");
}

TEST(RoutePatterns, WithoutPatternsNothingMatches) {
    const RoutePatterns patterns;
    EXPECT_TRUE(patterns.empty());
    EXPECT_EQ(patterns.match("GET", "/"), "");
}

}  // namespace
}  // namespace footfall
