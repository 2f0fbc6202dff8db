// Frames that tell a WebSocket connection which is older than footfall.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "bpf/detect/websocket.h"
#include "tests/unit/websocket/frames.h"

namespace {

using namespace std::string_view_literals;
using footfall::websocket::frame;
using footfall::websocket::from_client;
using footfall::websocket::from_server;

ff_detected websocket(std::string_view text) {
    unsigned char front[FF_DETECT_LENGTH] = {};
    const std::size_t length = std::min<std::size_t>(text.size(), FF_DETECT_LENGTH);
    std::memcpy(front, text.data(), length);
    return ff_detect_websocket(front, static_cast<unsigned int>(length), static_cast<unsigned int>(text.size()));
}

TEST(DetectWebSocket, AFrameOfAClientThatFillsItsCallIsKnown) {
    for (const std::size_t length : {0, 5, 125, 126, 65535, 65536, 100'000}) {
        EXPECT_EQ(websocket(from_client(length)), FF_DETECT_RESPONSE) << length;
    }
    EXPECT_EQ(websocket(frame(2, true, 9, true)), FF_DETECT_RESPONSE);
    EXPECT_EQ(websocket(frame(10, true, 0, true)), FF_DETECT_RESPONSE);
    EXPECT_EQ(websocket("\xc1\x85maskhello"sv), FF_DETECT_RESPONSE) << "compressed";
}

TEST(DetectWebSocket, NothingElseIs) {
    for (const std::string& text :
         {from_server(5), from_server(300), from_client(5) + "x", from_client(5).substr(0, 10),
          from_client(300).substr(0, 40), frame(0, true, 5, true), frame(1, false, 5, true), frame(8, true, 2, true),
          frame(3, true, 5, true), std::string("\x81\xfe\x00\x05maskhello", 13), std::string("\x81\x80"),
          std::string("\xf1\x85maskhello"), std::string("\x81\xff\x00\x00\x00\x01\x00\x00\x00\x00mask", 14)}) {
        EXPECT_EQ(websocket(text), FF_DETECT_NO) << text.size();
    }
    EXPECT_EQ(websocket("\x82\x09\x00\x01\x00\x04room\x01"sv), FF_DETECT_NO) << "MQTT's SUBSCRIBE";
    EXPECT_EQ(websocket("\x81\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv), FF_DETECT_NO) << "memcached";
    EXPECT_EQ(websocket("\x16\x03\x01\x00\x00\x00"sv), FF_DETECT_NO) << "TLS";
}

}  // namespace
