#include "agent/inventory/features_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(FeaturesFile, TiesOperationsAndFunctionsToFeatures) {
    const auto features = parse_features("f.yaml",
                                         "checkout: [http POST /cart/checkout, function shop!place_order*]\n"
                                         "reports:\n  - http * /reports/*\n  - \"usdt:shop:report\"\n"
                                         "  - function libstdc++*!usdt:libstdcxx:throw\n"
                                         "search: http GET /search/{word}\n");
    ASSERT_TRUE(features.has_value()) << features.error().what;
    ASSERT_EQ(features->size(), 3U);
    EXPECT_EQ((*features)[0].name, "checkout");
    EXPECT_EQ((*features)[0].patterns[0].kind, "http");
    EXPECT_EQ((*features)[0].patterns[0].glob, "POST /cart/checkout");
    EXPECT_EQ((*features)[0].patterns[1].kind, "function");
    EXPECT_EQ((*features)[0].patterns[1].file, "shop");
    EXPECT_EQ((*features)[0].patterns[1].glob, "place_order*");
    EXPECT_EQ((*features)[1].place, "f.yaml:2");
    EXPECT_EQ((*features)[1].patterns[1].kind, "usdt");
    EXPECT_EQ((*features)[1].patterns[2].kind, "usdt");
    EXPECT_EQ((*features)[2].patterns[0].glob, "GET /search/{word}");
}

Error error_of(std::string_view text) {
    const auto features = parse_features("f.yaml", text);
    EXPECT_FALSE(features.has_value());
    return features ? Error{} : features.error();
}

TEST(FeaturesFile, ABadPatternIsToldWithItsLine) {
    EXPECT_THAT(error_of("a:\n  - http GET /x\n  - htp GET /y\n").what,
                StartsWith("f.yaml:3: 'htp GET /y' does not begin with a kind of operations"));
    EXPECT_EQ(error_of("a: [htp GET /y]\n").fix, "did you mean 'http'?");
    EXPECT_THAT(error_of("a: [GET /y]\n").fix, HasSubstr("one of: http, websocket"));
    EXPECT_THAT(error_of("a:\n\n  - http GTE /x\n").what, StartsWith("f.yaml:3: 'http GTE /x' is no method and route"));
    EXPECT_THAT(error_of("a: [http /x]\n").what, HasSubstr("is no method and route"));
    EXPECT_THAT(error_of("a: [redis]\n").what, HasSubstr("names no operations"));
    EXPECT_THAT(error_of("a: ['function !x']\n").what, HasSubstr("names no functions"));
    EXPECT_THAT(error_of("a: ['usdt:x']\n").what, HasSubstr("names no functions"));
    EXPECT_EQ(error_of("a: [redis]\n").exit_code, ExitCode::kBadConfig);
}

TEST(FeaturesFile, WhatIsNoFeatureIsToldWithItsLine) {
    EXPECT_THAT(error_of("a: [http * /x]\nb: []\n").what, StartsWith("f.yaml:2: feature 'b' has no patterns"));
    EXPECT_THAT(error_of("a: [http * /x]\na: [http * /y]\n").what, StartsWith("f.yaml:2: feature 'a' is here twice"));
    EXPECT_THAT(error_of("other: [http * /x]\n").what, StartsWith("f.yaml:1: 'other' is what belongs to no feature"));
    EXPECT_THAT(error_of("- a\n").what, StartsWith("f.yaml:1: expected features here"));
    EXPECT_THAT(error_of("a:\n  - {b: c}\n").what, StartsWith("f.yaml:2: a pattern is one text"));
    EXPECT_THAT(error_of("a: [http GET /orders/{id}]\n").what, StartsWith("f.yaml:1: "));
}

}  // namespace
}  // namespace footfall
