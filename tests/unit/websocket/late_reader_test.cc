// A WebSocket connection of which the beginning was not seen: read where its frames prove it, and taken for nothing else.
#include "agent/protocols/websocket/late_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/support/protocol_wire.h"
#include "tests/unit/websocket/frames.h"

namespace footfall::websocket {
namespace {

using Wire = WireOf<LateReader>;

const std::string kReceivedOne = "receive {unknown} ok";
const std::string kSentOne = "send {unknown} ok";

TEST(LateWebSocket, MessagesAreUsesOfAnUnknownPathOnceFourFramesProvedIt) {
    Wire wire(true);
    wire.received(from_client(5));
    wire.sent(from_server(5));
    wire.received(from_client(300));
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.sent(from_server(70'000));
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
    EXPECT_EQ(wire.uses(), (Uses{kReceivedOne, kSentOne, kReceivedOne, kSentOne}));
    EXPECT_EQ(wire.last().kind, Kind::kWebSocket);
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.last().bytes_out, 70'010U);
    wire.received(from_client(100).substr(0, 50));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses().back(), "receive {unknown} reset");
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateWebSocket, AClientIsWhoSendsMaskedFrames) {
    Wire wire(true);
    wire.received("the rest of a message");
    wire.sent(frame(kPong, true, 0, true));
    for (int i = 0; i < 3; ++i) wire.received(from_server(5));
    EXPECT_EQ(wire.uses(), (Uses{kReceivedOne, kReceivedOne, kReceivedOne}));
    EXPECT_EQ(wire.last().role, Role::kClient);
    wire.session_end();
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateWebSocket, WhatTheServerIsInTheMidstOfIsPassedOver) {
    Wire wire(true);
    wire.received(from_client(5));
    wire.sent(std::string(1000, 'x'));
    wire.sent(std::string(1000, 'y'));
    for (int i = 0; i < 3; ++i) wire.received(from_client(5));
    wire.sent(from_server(7));
    EXPECT_EQ(wire.uses(), (Uses{kReceivedOne, kReceivedOne, kReceivedOne, kReceivedOne, kSentOne}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateWebSocket, WhatIsNoFrameOfAClientRefutesIt) {
    for (const std::string& second : {from_server(5), std::string("GET / HTTP/1.1\r\n"), std::string("\x83\x85maskhello"),
                                      std::string("\x8f\x80mask"), from_client(5) + "x"}) {
        Wire wire(true);
        wire.received(from_client(5));
        wire.received(second);
        wire.received(from_client(5));
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted) << second;
        wire.close();
        EXPECT_TRUE(wire.uses().empty());
        EXPECT_TRUE(wire.sink.lost.empty());
    }
}

TEST(LateWebSocket, SoDoesAServerThatMasksOrSendsNoFrames) {
    Wire masks(true);
    masks.received(from_client(5));
    masks.sent(from_server(5));
    masks.sent(from_client(5));
    EXPECT_EQ(masks.reader.standing(), Standing::kRefuted);
    Wire breaks(true);
    breaks.received(from_client(5));
    breaks.sent(frame(kText, false, 5, false) + "no frame");
    EXPECT_EQ(breaks.reader.standing(), Standing::kRefuted);
    Wire talks(true);
    talks.received(from_client(5));
    for (int i = 0; i < 40; ++i) talks.sent("hello");
    EXPECT_EQ(talks.reader.standing(), Standing::kRefuted);
    EXPECT_TRUE(talks.uses().empty());
}

TEST(LateWebSocket, AGapBeforeTheProofBeginsItAnew) {
    Wire wire(true);
    for (int i = 0; i < 3; ++i) wire.received(from_client(5));
    wire.gap(kIn, 100);
    for (int i = 0; i < 3; ++i) wire.received(from_client(5));
    EXPECT_TRUE(wire.uses().empty());
    wire.received(from_client(5));
    EXPECT_EQ(wire.uses().size(), 4U);
    wire.gap(kIn, 100);
    wire.received(from_client(5));
    EXPECT_EQ(wire.uses().size(), 5U);
    wire.close();
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateWebSocket, AConnectionThatIsKnownFromItsStartIsNone) {
    Wire wire;
    EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
}

}  // namespace
}  // namespace footfall::websocket
