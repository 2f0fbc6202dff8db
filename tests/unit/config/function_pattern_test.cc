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

TEST(FunctionPatterns, NoneAreAllOfTheProgram) {
    const auto patterns = parse_function_patterns({});
    ASSERT_EQ(patterns->size(), 1U);
    EXPECT_EQ(patterns->front().glob, "*");
}

TEST(FunctionPatterns, ThatMeanNothingAreRefused) {
    for (const char* word : {"", "!", "!x", "libc.so.6!"}) {
        const auto parsed = parse_function_patterns({word});
        ASSERT_FALSE(parsed) << word;
        EXPECT_EQ(parsed.error().exit_code, ExitCode::kUsage);
    }
}

}  // namespace
}  // namespace footfall
