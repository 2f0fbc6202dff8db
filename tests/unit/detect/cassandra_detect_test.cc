// Cassandra's detector: frames of all versions, segments of version 5, and what resembles them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "bpf/detect/cassandra.h"

namespace {

using namespace std::string_view_literals;

ff_detected cassandra(std::string_view text) {
    unsigned char front[FF_DETECT_LENGTH] = {};
    const std::size_t length = std::min<std::size_t>(text.size(), FF_DETECT_LENGTH);
    std::memcpy(front, text.data(), length);
    return ff_detect_cassandra(front, static_cast<unsigned int>(length), static_cast<unsigned int>(text.size()));
}

// What DataStax's driver sends first, and what it is answered.
constexpr auto kOptions = "\x04\x00\x00\x00\x05\x00\x00\x00\x00"sv;
constexpr auto kStartup =
    "\x05\x00\x00\x01\x01\x00\x00\x00\x53\x00\x03\x00\x0b"
    "DRIVER_NAME\x00\x16"
    "DataStax"sv;
constexpr auto kSupported = "\x84\x00\x00\x00\x06\x00\x00\x00\x66\x00\x03\x00\x11PROTOCOL_VERSIONS"sv;
constexpr auto kResult = "\x84\x00\x00\x07\x08\x00\x00\x00\x04\x00\x00\x00\x01"sv;
constexpr auto kExecute = "\x04\x00\x00\x07\x0a\x00\x00\x00\x35\x00\x10\xcf{X\xff\xbb!\xc0\xde`\x9bz\x9d_\xb7\xef\xa7"sv;

// Version 5: a query, and its answer, in segments; recorded.
constexpr auto kSegment = "\xa9\x72\x02\x8f\x1b\x6c\x85\x00\x00\x07\x08\x00\x00\x71\x79"sv;

TEST(DetectCassandra, RequestsAndResponses) {
    EXPECT_EQ(cassandra(kOptions), FF_DETECT_REQUEST);
    EXPECT_EQ(cassandra(kStartup), FF_DETECT_REQUEST);
    EXPECT_EQ(cassandra(kExecute), FF_DETECT_REQUEST);
    EXPECT_EQ(cassandra(kSupported), FF_DETECT_RESPONSE);
    EXPECT_EQ(cassandra(kResult), FF_DETECT_RESPONSE);
}

TEST(DetectCassandra, SegmentsAreKnownByTheirChecksum) {
    EXPECT_EQ(cassandra(kSegment), FF_DETECT_RESPONSE);
    std::string damaged(kSegment);
    damaged[4] = 0x1c;
    EXPECT_EQ(cassandra(damaged), FF_DETECT_NO);
}

TEST(DetectCassandra, EveryPrefixOfAHeaderIsMaybe) {
    for (std::size_t length = 1; length < kOptions.size(); ++length) {
        EXPECT_EQ(cassandra(kStartup.substr(0, length)), FF_DETECT_MAYBE);
    }
    EXPECT_EQ(cassandra(kStartup.substr(0, 9)), FF_DETECT_REQUEST) << "servers may read the header alone";
}

TEST(DetectCassandra, WhatBreaksTheRulesIsNot) {
    const auto with = [](std::string_view text, std::size_t at, char byte) {
        std::string damaged(text);
        damaged[at] = byte;
        return cassandra(damaged);
    };
    EXPECT_EQ(with(kOptions, 0, 2), FF_DETECT_NO);       // an older version
    EXPECT_EQ(with(kOptions, 8, 4), FF_DETECT_NO);       // options with a body
    EXPECT_EQ(with(kOptions, 4, 6), FF_DETECT_NO);       // a response's operation
    EXPECT_EQ(with(kOptions, 1, 0x40), FF_DETECT_NO);    // a flag that nobody knows
    EXPECT_EQ(with(kExecute, 2, '\xff'), FF_DETECT_NO);  // a server's stream
    EXPECT_EQ(with(kExecute, 9, 0x7f), FF_DETECT_NO);    // an id that is too long
    EXPECT_EQ(with(kResult, 12, 9), FF_DETECT_NO);       // no kind of result
}

TEST(DetectCassandra, OtherProtocolsAreNot) {
    for (const auto text :
         {"GET / HTTP/1.1\r\nHost: a\r\n"sv, "*1\r\n$4\r\nPING\r\n"sv,
          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00\x00"sv,
          "\x00\x00\x00\x50\x00\x03\x00\x00user\x00postgres\x00"sv,  // PostgreSQL
          "\x05\x00\x00\x00\x05"
          "test"sv,
          "\x05\x00\x00\x01\xfe\x00\x00\x02\x00"sv,  // MySQL
          "\x05\x00\x00\x00\x19\x01\x00\x00\x00"sv,
          "\x04\x00\x00\x00\x02"
          "shop\x00"sv,
          "\x04\x01\x00\x50\x7f\x00\x00\x01\x00"sv, "\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50"sv,  // SOCKS
          "\x85\x00\x00\x00\x9f\x7a\xfd\x0c\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00"sv,            // MongoDB
          "\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00\x01\x04\x00\x01"sv}) {
        EXPECT_NE(cassandra(text), FF_DETECT_REQUEST) << text;
        EXPECT_NE(cassandra(text), FF_DETECT_RESPONSE) << text;
    }
}

}  // namespace
