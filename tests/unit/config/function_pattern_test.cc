#include "agent/config/function_pattern.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

FunctionPattern pattern(const std::string& word) { return parse_function_patterns({word}).value().front(); }

TEST(FunctionPatterns, MeanTheProgramUnlessTheyNameAFile) {
    EXPECT_EQ(pattern("shop::*").file, "");
    EXPECT_EQ(pattern("shop::*").glob, "shop::*");
    EXPECT_EQ(pattern("libssl*!SSL_*").file, "libssl*");
    EXPECT_EQ(pattern("libssl*!SSL_*").glob, "SSL_*");
    EXPECT_FALSE(pattern("libssl*!SSL_*").is_path());
    EXPECT_TRUE(pattern("/opt/x/lib.so!*").is_path());
}

TEST(FunctionPatterns, OperatorsAreNoFiles) {
    EXPECT_EQ(pattern("shop::operator!=").file, "");
    EXPECT_EQ(pattern("shop::operator!=").glob, "shop::operator!=");
    EXPECT_EQ(pattern("libx.so!shop::operator!").file, "libx.so");
    EXPECT_EQ(pattern("libx.so!shop::operator!").glob, "shop::operator!");
}

TEST(FunctionPatterns, OfUsdtProbesHaveAProviderAndAName) {
    EXPECT_EQ(pattern("libc.so.6!usdt:libc:*").file, "libc.so.6");
    EXPECT_EQ(pattern("libc.so.6!usdt:libc:*").glob, "usdt:libc:*");
    EXPECT_EQ(pattern("usdt::f").glob, "usdt::f") << "a function of a namespace of that name";
    for (const char* word : {"usdt:libc", "usdt:libc:", "usdt:", "usdt:a:b:c", "x!usdt:*"}) {
        EXPECT_FALSE(parse_function_patterns({word})) << word;
    }
}

TEST(FunctionPatterns, BetweenSlashesAreRegularExpressions) {
    EXPECT_EQ(pattern("/^shop::(get|set)/").by, PickedBy::kRegex);
    EXPECT_EQ(pattern("/^shop::(get|set)/").glob, "^shop::(get|set)");
    EXPECT_EQ(pattern("/^shop::(get|set)/").file, "");
    EXPECT_EQ(pattern("libssl*!/^SSL_(read|write)$/").file, "libssl*");
    EXPECT_EQ(pattern("libssl*!/^SSL_(read|write)$/").glob, "^SSL_(read|write)$");
    EXPECT_EQ(pattern("/opt/x/lib.so!/a/b/").file, "/opt/x/lib.so");
    EXPECT_EQ(pattern("/opt/x/lib.so!/a/b/").glob, "a/b");
    EXPECT_EQ(pattern("/operator[!=]=/").glob, "operator[!=]=");
    EXPECT_EQ(pattern("/opt/x/lib.so!*").by, PickedBy::kGlob);
}

TEST(FunctionPatterns, ThatAreNoRegularExpressionSayWhy) {
    const auto parsed = parse_function_patterns({"/shop::(get/"});
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().exit_code, ExitCode::kUsage);
    EXPECT_NE(parsed.error().what.find("missing )"), std::string::npos) << parsed.error().what;
}

TEST(FunctionPatterns, BehindAnAtSignAreSourceFiles) {
    EXPECT_EQ(pattern("@src/cart/*.cc").by, PickedBy::kSource);
    EXPECT_EQ(pattern("@src/cart/*.cc").glob, "src/cart/*.cc");
    EXPECT_EQ(pattern("@src/cart/*.cc").file, "");
    EXPECT_EQ(pattern("libshop*!@/build/cart.cc").file, "libshop*");
    EXPECT_EQ(pattern("libshop*!@/build/cart.cc").glob, "/build/cart.cc");
    EXPECT_EQ(pattern("@odd!name.cc").glob, "odd!name.cc");
}

TEST(FunctionPatterns, NoneAreAllOfTheProgram) {
    const auto patterns = parse_function_patterns({});
    ASSERT_EQ(patterns->size(), 1U);
    EXPECT_EQ(patterns->front().glob, "*");
}

TEST(FunctionPatterns, ThatMeanNothingAreRefused) {
    for (const char* word : {"", "!", "!x", "libc.so.6!", "@", "libc.so.6!@", "!/x/"}) {
        const auto parsed = parse_function_patterns({word});
        ASSERT_FALSE(parsed) << word;
        EXPECT_EQ(parsed.error().exit_code, ExitCode::kUsage);
    }
}

}  // namespace
}  // namespace footfall
