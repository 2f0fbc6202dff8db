// FastCGI's detector.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "bpf/detect/fastcgi.h"

namespace {

using namespace std::string_view_literals;

ff_detected fastcgi(std::string_view text) {
    unsigned char front[FF_DETECT_LENGTH] = {};
    const std::size_t length = std::min<std::size_t>(text.size(), FF_DETECT_LENGTH);
    std::memcpy(front, text.data(), length);
    return ff_detect_fastcgi(front, static_cast<unsigned int>(length), static_cast<unsigned int>(text.size()));
}

// What nginx sends.
constexpr auto kBegin = "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x01\x04\x00\x01\x00\xbb\x05\x00"sv;

TEST(DetectFastcgi, ConnectionsBeginWithARequestOrAQuestion) {
    EXPECT_EQ(fastcgi(kBegin), FF_DETECT_REQUEST);
    EXPECT_EQ(fastcgi("\x01\x09\x00\x00\x00\x11\x07\x00\x0e\x00"
                      "FCGI_MAX_CONNS"sv),
              FF_DETECT_REQUEST);
    EXPECT_EQ(fastcgi(kBegin.substr(0, 8)), FF_DETECT_REQUEST) << "PHP reads the header alone";
}

TEST(DetectFastcgi, EveryPrefixOfAHeaderIsMaybe) {
    for (std::size_t length = 1; length < 8; ++length) EXPECT_EQ(fastcgi(kBegin.substr(0, length)), FF_DETECT_MAYBE);
}

TEST(DetectFastcgi, WhatBreaksTheRulesIsNot) {
    const auto with = [](std::size_t at, char byte) {
        std::string damaged(kBegin);
        damaged[at] = byte;
        return fastcgi(damaged);
    };
    EXPECT_EQ(with(0, 2), FF_DETECT_NO);   // another version
    EXPECT_EQ(with(3, 0), FF_DETECT_NO);   // no number
    EXPECT_EQ(with(5, 9), FF_DETECT_NO);   // another length
    EXPECT_EQ(with(7, 1), FF_DETECT_NO);   // what is reserved
    EXPECT_EQ(with(9, 4), FF_DETECT_NO);   // no role
    EXPECT_EQ(with(10, 2), FF_DETECT_NO);  // a flag that nobody knows
}

TEST(DetectFastcgi, OtherProtocolsAreNot) {
    for (const auto text :
         {"GET / HTTP/1.1\r\n"sv, "\x01\x00\x00\x00\x0e"sv, "\x01\x00\x00\x00\x00\x00\x08\x00\x00\x00\x00"sv,
          "\x01\x01\x00\x00\x03SELECT 1 FROM a WHERE b"sv, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00"sv}) {
        EXPECT_EQ(fastcgi(text), FF_DETECT_NO) << text;
    }
}

}  // namespace
