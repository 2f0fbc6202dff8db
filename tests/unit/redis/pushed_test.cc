// What the server sends unasked is no use, and no command loses its reply to it. As captured from redis-server 7.0.15.
#include <gtest/gtest.h>

#include "tests/unit/redis/harness.h"

namespace footfall::redis {
namespace {

constexpr std::string_view kMessage2 = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n";
constexpr std::string_view kMessage3 = ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n";

TEST(RedisPushed, ASubscriptionIsOneUseWithItsLastConfirmation) {
    Wire wire;
    wire.received("*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n");
    wire.sent("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    EXPECT_TRUE(wire.uses().empty());
    wire.sent(kMessage2);
    wire.sent("*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
    EXPECT_EQ(wire.uses(), Uses{"SUBSCRIBE ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisPushed, AResp2SubscriberLivesItsWholeLife) {
    Wire wire;
    wire.received(ask({"SUBSCRIBE", "a", "b"}) + ask({"PSUBSCRIBE", "p*"}));
    wire.sent("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n");
    wire.sent("*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:3\r\n");
    wire.sent(times(5, kMessage2) + "*4\r\n$8\r\npmessage\r\n$2\r\np*\r\n$2\r\npa\r\n$1\r\nm\r\n");
    wire.received(ask({"PUBLISH", "a", "1"}) + ask({"PING"}));
    wire.sent(kMessage2);
    wire.sent("-ERR Can't execute 'publish': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed\r\n");
    wire.sent(kMessage2);
    wire.sent("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    wire.received("*1\r\n$11\r\nUNSUBSCRIBE\r\n*1\r\n$12\r\nPUNSUBSCRIBE\r\n*1\r\n$11\r\nUNSUBSCRIBE\r\n" +
                  ask({"LRANGE", "l", "0", "1"}));
    wire.sent("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:2\r\n");
    EXPECT_EQ(wire.sink.seen.size(), 4U);
    wire.sent("*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:1\r\n*3\r\n$12\r\npunsubscribe\r\n$2\r\np*\r\n:0\r\n");
    wire.sent("*3\r\n$11\r\nunsubscribe\r\n$-1\r\n:0\r\n");
    wire.sent(kMessage2);  // a list that looks like a message, once nothing is subscribed
    EXPECT_EQ(wire.uses(), (Uses{"SUBSCRIBE ok", "PSUBSCRIBE ok", "PUBLISH ERR", "PING ok", "UNSUBSCRIBE ok",
                                 "PUNSUBSCRIBE ok", "UNSUBSCRIBE ok", "LRANGE ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisPushed, Resp3SaysWhatIsPushed) {
    Wire wire;
    wire.received("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n");
    wire.sent("%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n");
    wire.received(ask({"SUBSCRIBE", "a"}) + ask({"PUBLISH", "a", "m"}) + ask({"PING"}));
    wire.sent(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");
    wire.sent(std::string(kMessage3) + ":1\r\n");
    wire.sent(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
    wire.sent("+PONG\r\n");
    wire.received("*1\r\n$11\r\nUNSUBSCRIBE\r\n");
    wire.sent(">3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"HELLO ok", "SUBSCRIBE ok", "PUBLISH ok", "PING ok", "UNSUBSCRIBE ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisPushed, MonitorIsOneUse) {
    Wire wire;
    wire.received("*1\r\n$7\r\nMONITOR\r\n");
    wire.sent("+OK\r\n");
    wire.sent("+1795899301.001530 [0 127.0.0.1:38038] \"GET\" \"secret\"\r\n");
    wire.received(ask({"PING"}));
    wire.sent("+1795899301.001530 [0 127.0.0.1:38038] \"SET\" \"x\"\r\n+PONG\r\n+1795899301.001530 [0 unix:] \"PING\"\r\n");
    wire.received(ask({"QUIT"}));
    wire.sent("+OK\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"MONITOR ok", "PING ok", "QUIT ok"}));
}

TEST(RedisPushed, ALateSubscribersMessagesAreNobodys) {
    Wire wire(true);
    for (int i = 0; i < 100; ++i) wire.sent(kMessage2);
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.received(ask({"PING"}));
    wire.sent(kMessage2);
    wire.sent("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
    wire.sent(kMessage2);
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"PING ok"});
    EXPECT_TRUE(wire.all_accounted());
}

}  // namespace
}  // namespace footfall::redis
