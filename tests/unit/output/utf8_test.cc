#include "output/session/utf8.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

TEST(Utf8, KeepsWhatIsValid) {
    for (const char* text : {"", "plain", "größe", "日本語", "😀", "\xF4\x8F\xBF\xBF"}) {
        EXPECT_TRUE(is_utf8(text)) << text;
        EXPECT_EQ(to_utf8(text), text);
    }
}

TEST(Utf8, ReplacesEveryByteThatIsNot) {
    const std::string r = "\xEF\xBF\xBD";
    EXPECT_EQ(to_utf8("a\xFFz"), "a" + r + "z");
    EXPECT_EQ(to_utf8("\xC0\xAF"), r + r) << "overlong";
    EXPECT_EQ(to_utf8("\xE0\x80\xAF"), r + r + r) << "overlong";
    EXPECT_EQ(to_utf8("\xED\xA0\x80"), r + r + r) << "surrogate";
    EXPECT_EQ(to_utf8("\xF4\x90\x80\x80"), r + r + r + r) << "past U+10FFFF";
    EXPECT_EQ(to_utf8("ab\xE2\x82"), "ab" + r + r) << "cut";
}

}  // namespace
}  // namespace footfall
