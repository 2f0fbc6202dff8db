#include "output/table/terminal_text.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

TEST(TerminalText, OrdinaryTextIsLeftAlone) {
    for (const char* text : {"", "GET /orders/{id}", "größe 日本語 😀"}) EXPECT_EQ(terminal_safe(text), text);
}

TEST(TerminalText, WhatATerminalObeysIsShownInstead) {
    EXPECT_EQ(terminal_safe("a\x1b[31mb"), "a\\x1b[31mb");
    EXPECT_EQ(terminal_safe("\r\n\t\x7f"), "\\x0d\\x0a\\x09\\x7f");
    EXPECT_EQ(terminal_safe("\xc2\x9b"), "\\x9b");
    EXPECT_EQ(terminal_safe("\xe2\x80\xae"), "\\u{202e}");
    EXPECT_EQ(terminal_safe("\xef\xbb\xbf"), "\\u{feff}");
    EXPECT_EQ(terminal_safe("\x9b"), "\xEF\xBF\xBD");
    EXPECT_EQ(terminal_safe(std::string_view("\0", 1)), "\\x00");
}

TEST(TerminalText, WidthCountsColumnsNotBytes) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("größe"), 5U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("e\xcc\x81"), 1U) << "e with a combining accent";
}

TEST(TerminalText, ShorteningNeverSplitsACharacterNorExceedsTheWidth) {
    const std::string text = "añ日本語b😀z";
    for (std::size_t width = 0; width < 14; ++width) {
        EXPECT_LE(display_width(shortened(text, width)), width);
    }
    EXPECT_EQ(shortened(text, 5), "añ日…");
    EXPECT_EQ(shortened("short", 5), "short");
}

}  // namespace
}  // namespace footfall
