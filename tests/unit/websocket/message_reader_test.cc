// Messages behind an upgrade, as RFC 6455 frames them.
#include <gtest/gtest.h>

#include "agent/protocols/http1/http1_reader.h"
#include "tests/unit/support/protocol_wire.h"
#include "tests/unit/websocket/frames.h"

namespace footfall::websocket {
namespace {

using Wire = WireOf<http1::Http1Reader>;

constexpr std::string_view kRequest =
    "GET /chat?room=7 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

void upgrade(Wire& wire) {
    wire.received(kRequest);
    wire.sent(kResponse);
}

const std::string kUpgraded = "GET /chat?room=7 101";
const std::string kReceived = "receive /chat?room=7 ok";
const std::string kSentOne = "send /chat?room=7 ok";

TEST(WebSocket, EachMessageIsAUseOfItsPath) {
    Wire wire;
    upgrade(wire);
    wire.received(from_client(5) + from_client(300));
    wire.sent(from_server(70'000));
    EXPECT_EQ(wire.uses(), (Uses{kUpgraded, kReceived, kReceived, kSentOne}));
    EXPECT_EQ(wire.last().bytes_out, 70'010U);
    EXPECT_EQ(wire.last().kind, Kind::kWebSocket);
    wire.close();
    EXPECT_TRUE(wire.all_accounted());
}

TEST(WebSocket, TheFirstMessageMayComeWithTheAnswer) {
    Wire wire;
    wire.received(kRequest);
    wire.sent(std::string(kResponse) + from_server(3));
    EXPECT_EQ(wire.uses(), (Uses{kUpgraded, kSentOne}));
}

TEST(WebSocket, AMessageInFragmentsIsOneAndPingsBetweenAreNone) {
    Wire wire;
    upgrade(wire);
    wire.one_by_one(kIn, frame(kText, false, 200, true) + frame(kPing, true, 4, true) + frame(kContinuation, true, 7, true));
    EXPECT_EQ(wire.uses(), (Uses{kUpgraded, kReceived}));
    EXPECT_EQ(wire.last().bytes_in, 200U + 8 + 7 + 6);
}

TEST(WebSocket, AMessageThatIsCutIsAnErrorOrUnfinished) {
    Wire cut;
    upgrade(cut);
    cut.received(from_client(100).substr(0, 50));
    cut.close(CloseReason::kReset);
    EXPECT_EQ(cut.uses(), (Uses{kUpgraded, "receive /chat?room=7 reset"}));
    Wire unfinished;
    upgrade(unfinished);
    unfinished.received(from_client(100).substr(0, 50));
    unfinished.session_end();
    EXPECT_EQ(unfinished.sink.lost, Lost{LostReason::kUnfinished});
    EXPECT_TRUE(unfinished.all_accounted());
}

TEST(WebSocket, AGapInAMessageIsNoLossAndOneOverItsEndIsNamed) {
    Wire wire;
    upgrade(wire);
    wire.truncated(kIn, from_client(1000).substr(0, 100), 908, "");
    EXPECT_EQ(wire.uses(), (Uses{kUpgraded, kReceived}));
    wire.received(from_client(1000).substr(0, 100));
    wire.gap(kIn, 2000);
    EXPECT_TRUE(wire.sink.lost.empty()) << "the message ended; the next one began unseen";
    wire.received(from_client(5));
    EXPECT_EQ(wire.uses().size(), 4U) << "found again at the next call";
    EXPECT_TRUE(wire.all_accounted());
}

TEST(WebSocket, AClientSendsMaskedAndReceivesPlain) {
    Wire wire;
    wire.sent(kRequest);
    wire.received(kResponse);
    wire.sent(from_client(5));
    wire.received(from_server(5));
    EXPECT_EQ(wire.uses(), (Uses{kUpgraded, kSentOne, kReceived}));
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(WebSocket, WhatIsNoFrameIsNothing) {
    Wire wire;
    upgrade(wire);
    wire.received("GET / HTTP/1.1\r\n\r\n");
    wire.sent(from_client(5));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{kUpgraded});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(WebSocket, OtherUpgradesAreNotLookedAt) {
    Wire wire;
    wire.received("POST /attach HTTP/1.1\r\nUpgrade: tcp\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n");
    wire.sent("HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\n");
    wire.sent(std::string("\x01\x00\x00\x00\x00\x00\x00\x05hello", 13));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"POST /attach 101"});
}

}  // namespace
}  // namespace footfall::websocket
