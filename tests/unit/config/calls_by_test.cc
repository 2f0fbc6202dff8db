// What calls are told apart by: read as it is written, and written as it was read.

#include "agent/config/calls_by.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace footfall {
namespace {

FunctionArgument argument_of(std::string_view text) {
    const auto by = parse_calls_by(text);
    EXPECT_TRUE(by && by->what == FunctionBy::kArgument) << text;
    return by ? by->argument : FunctionArgument{};
}

std::string text_of_value(std::string_view argument, std::int64_t value, std::string_view text = {}) {
    return argument_text(argument_of(argument), static_cast<std::uint64_t>(value), text);
}

TEST(CallsBy, IsWrittenAsItWasRead) {
    for (const char* text :
         {"process", "thread", "user", "caller", "operation", "arg1:int", "arg6:ulong:log2", "arg2:string"}) {
        const auto by = parse_calls_by(text);
        ASSERT_TRUE(by) << text;
        EXPECT_EQ(text_of(*by), text);
    }
    EXPECT_EQ(text_of(CallsBy{}), "");
    EXPECT_EQ(text_of(*parse_calls_by("arg3")), "arg3:long") << "what is not said is a number";
}

TEST(CallsBy, IsRefusedWithWhatThereIs) {
    for (const char* text : {"", "callers", "arg", "arg0", "arg7", "arg-1", "arg1:", "arg1:text", "arg1:string:log2",
                             "arg1:int:log10", "arg1:int:log2:x", "argument1", "arg1 ", "arg01x"}) {
        const auto by = parse_calls_by(text);
        ASSERT_FALSE(by) << text;
        EXPECT_EQ(by.error().exit_code, ExitCode::kUsage);
        EXPECT_NE(by.error().fix.find("argN"), std::string::npos);
    }
}

TEST(CallsBy, NumbersHaveTheirSign) {
    EXPECT_EQ(text_of_value("arg1:int", -3), "-3");
    EXPECT_EQ(text_of_value("arg1:long", std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
    EXPECT_EQ(text_of_value("arg1:ulong", -1), "18446744073709551615");
}

TEST(CallsBy, PowersOfTwoAreRanges) {
    EXPECT_EQ(text_of_value("arg1:long:log2", 0), "0");
    EXPECT_EQ(text_of_value("arg1:long:log2", 1), "1");
    EXPECT_EQ(text_of_value("arg1:long:log2", 2), "2–3");
    EXPECT_EQ(text_of_value("arg1:long:log2", 11), "1024–2047");
    EXPECT_EQ(text_of_value("arg1:long:log2", -1), "-1");
    EXPECT_EQ(text_of_value("arg1:long:log2", -3), "-7–-4");
    EXPECT_EQ(text_of_value("arg1:ulong:log2", 64), "9223372036854775808–18446744073709551615");
}

TEST(CallsBy, StringsAreQuoted) {
    EXPECT_EQ(text_of_value("arg1:string", 7, "cart"), "\"cart\"");
    EXPECT_EQ(text_of_value("arg1:string", 7), "\"\"");
    EXPECT_EQ(text_of_value("arg1:string", -1), "no string");
    const std::string long_text(kArgumentText, 'x');
    EXPECT_EQ(text_of_value("arg1:string", 7, long_text), "\"" + long_text + "\"…");
}

}  // namespace
}  // namespace footfall
