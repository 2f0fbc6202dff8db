// Late attach, bytes that passed unseen, and bytes that are something else: no reply is given to another's command.
#include <gtest/gtest.h>

#include "tests/unit/redis/harness.h"

namespace footfall::redis {
namespace {

TEST(RedisLate, CountsFromTheFirstWholeExchange) {
    Wire wire(true);
    wire.received("e\r\n$3\r\nabc\r\n");
    wire.sent("+OK\r\n");
    for (int i = 0; i < 3; ++i) {
        wire.received(times(8, ask({"GET", "k"}) + ask({"INCR", "n"})));
        wire.sent(times(8, "$1\r\nv\r\n:1\r\n"));
    }
    wire.session_end();
    ASSERT_EQ(wire.sink.seen.size(), 48U);
    EXPECT_EQ(wire.sink.seen[1].method, "INCR");
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(RedisLate, ARepliesSurplusProvesThatTheStartWasWrong) {
    Wire wire(true);
    wire.sent(ask({"SET", "k", "v"}));  // three are under way already
    wire.received(":1\r\n$1\r\nv\r\n:1\r\n");
    EXPECT_TRUE(wire.uses().empty());
    wire.received("+OK\r\n");
    wire.sent(ask({"GET", "k"}));
    wire.received("$1\r\nv\r\n");
    wire.sent(ask({"DEL", "k"}));
    wire.received(":1\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"GET ok", "DEL ok"}));
    EXPECT_TRUE(std::all_of(wire.sink.lost.begin(), wire.sink.lost.end(),
                            [](LostReason reason) { return reason == LostReason::kBeganBefore; }));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisLate, AListOfCommandsIsNoRequest) {
    Wire wire(true);
    wire.sent(ask({"GET", "SET"}));  // what LRANGE answers
    wire.received(ask({"LRANGE", "l", "0", "-1"}));
    wire.sent(ask({"GET", "SET"}));
    wire.received(ask({"INCR", "l"}));
    wire.sent(":1\r\n");
    wire.received(ask({"GET", "l"}));
    wire.sent("$1\r\n1\r\n");
    wire.close();
    EXPECT_EQ(wire.last().role, Role::kServer);
    for (const Seen& seen : wire.sink.seen) EXPECT_EQ(seen.exchange.role, Role::kServer);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisLate, CommandsThatComeInPiecesCount) {
    for (const bool client : {false, true}) {
        Wire wire(true);
        wire.one_by_one(client ? kIn : kOut, "v\r\n");  // the end of a reply
        for (int i = 0; i < 40; ++i) {
            wire.one_by_one(client ? kOut : kIn, ask({"CONFIG", "get", "x"}));
            wire.one_by_one(client ? kIn : kOut, "*2\r\n$1\r\nx\r\n$1\r\n1\r\n");
        }
        wire.close();
        ASSERT_EQ(wire.uses().size(), 40U);
        EXPECT_EQ(wire.uses()[0], "CONFIG GET ok");
        EXPECT_EQ(wire.last().role, client ? Role::kClient : Role::kServer);
        EXPECT_EQ(wire.sink.seen[0].exchange.begin, MonotonicTime{40});
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RedisLate, AReplicaIsNotLookedAt) {
    Wire wire(true);
    for (int i = 0; i < 10; ++i) wire.sent(ask({"SET", "k", "v"}));
    wire.received(ask({"REPLCONF", "ACK", "1234"}));
    for (int i = 0; i < 10; ++i) wire.sent(ask({"SET", "k", "v"}));
    wire.close();
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisLate, AUnixSocketBeganBeforeThoughItDoesNotSaySo) {
    Wire wire;
    wire.received(ask({"GET", "k"}));
    wire.gap(kOut, 1000);  // replies that passed before the connection was known, or an event that was lost
    wire.sent("$1\r\nv\r\n");
    wire.received(ask({"INCR", "k"}));
    wire.sent(":1\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"INCR ok"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(RedisGaps, InAStringDoNothing) {
    Wire wire;
    wire.truncated(kIn, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\nvvvv", 99990, "vvvvvv\r\n" + ask({"GET", "k"}));
    wire.sent("+OK\r\n");
    wire.truncated(kOut, "$100000\r\nvvvv", 99996, "\r\n");
    EXPECT_EQ(wire.uses(), (Uses{"SET ok", "GET ok"}));
    EXPECT_EQ(wire.last().bytes_out, 100011U);
}

TEST(RedisGaps, ALongArrayEndsBeforeTheNextRequest) {
    Wire wire;
    wire.received(ask({"LRANGE", "l", "0", "-1"}));
    wire.truncated(kOut, "*50000\r\n$1\r\na\r\n$1\r\n", 300000, "$1\r\nb\r\n$1\r\nc\r\n");
    const MonotonicTime last{wire.now};
    wire.received(ask({"GET", "k"}));
    wire.sent("$1\r\nv\r\n");
    wire.received(ask({"PING"}));
    wire.sent("+PONG\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"LRANGE ok", "GET ok", "PING ok"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.end, last);
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_out, 19U + 300000U + 14U);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(RedisGaps, InATransactionsAnswerLeaveWhatCameBeforeThemKnown) {
    Wire wire;
    wire.received(ask({"MULTI"}) + times(4, ask({"LRANGE", "l", "0", "-1"})) + ask({"EXEC"}));
    wire.sent("+OK\r\n" + times(4, "+QUEUED\r\n"));
    wire.truncated(kOut, "*4\r\n-WRONGTYPE x\r\n*0\r\n*50000\r\n$1\r\na\r\n$1\r\n", 300000, "$1\r\nc\r\n-ERR x\r\n");
    wire.received(ask({"GET", "k"}));
    wire.sent("$1\r\nv\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(),
              (Uses{"MULTI ok", "LRANGE WRONGTYPE", "LRANGE ok", "LRANGE ok", "LRANGE unknown", "EXEC ok", "GET ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisGaps, InATransactionLeaveTheOutcomeOfItsCommandsUnknown) {
    for (const Direction direction : {kIn, kOut}) {
        Wire wire;
        wire.received(ask({"MULTI"}));
        wire.sent("+OK\r\n");
        wire.received(ask({"SET", "k", "v"}));
        wire.sent("+QUEUED\r\n");
        wire.received(ask({"GET", "k"}));
        wire.gap(direction, 27);
        wire.sent("+QUEUED\r\n");
        wire.received(ask({"EXEC"}));
        wire.sent("*3\r\n+OK\r\n:1\r\n-WRONGTYPE x\r\n");
        wire.received(ask({"LPUSH", "k", "v"}));
        wire.sent(":1\r\n");
        wire.close();
        ASSERT_GE(wire.uses().size(), 3U);
        EXPECT_EQ(wire.uses()[0], "MULTI ok");
        EXPECT_EQ(wire.uses()[1], "SET unknown");
        EXPECT_EQ(wire.uses().back(), "LPUSH ok");
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(RedisGaps, OfLongRepliesThoseThatWereNotSeenAreOfUnknownOutcome) {
    Wire wire;
    wire.received(times(3, ask({"LRANGE", "l", "0", "-1"})));
    wire.truncated(kOut, "*1\r\n$1\r\na\r\n*50000\r\n$1\r\na\r\n$1\r\n", 300000, "$1\r\nb\r\n$1\r\nc\r\n");
    EXPECT_EQ(wire.sink.seen.size(), 1U);
    wire.received(ask({"GET", "k"}));
    wire.sent("$1\r\nv\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"LRANGE ok", "LRANGE ok", "LRANGE unknown", "GET ok"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(RedisGaps, ALostRequestEndsALongReplyToo) {
    Wire wire;
    wire.received(ask({"LRANGE", "l", "0", "-1"}));
    wire.truncated(kOut, "*50000\r\n$1\r\na\r\n$1\r\n", 300000, "$1\r\nb\r\n$1\r\nc\r\n");
    wire.gap(kIn, 60);
    wire.sent("-ERR what was lost is wrong\r\n");
    wire.received(ask({"GET", "k"}));
    wire.sent("$1\r\nv\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"LRANGE ok", "GET ok"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisGaps, ALostReplyIsALostCommandAndTheNextKeepsItsOwn) {
    Wire wire;
    wire.received(ask({"GET", "k"}));
    wire.received(ask({"INCR", "k"}));
    wire.gap(kOut, 7);
    wire.sent(":1\r\n");
    wire.received(ask({"DEL", "k"}));
    wire.sent(":1\r\n");
    wire.received(ask({"PING"}));
    wire.sent("+PONG\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"DEL ok", "PING ok"}));
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kGap, LostReason::kGap}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisGaps, LostRequestsCostThemselvesAndNobodysReply) {
    Wire wire;
    wire.received(ask({"GET", "k"}));
    wire.gap(kIn, 60);
    wire.received(ask({"DEL", "k"}));
    wire.sent("$1\r\nv\r\n:1\r\n:2\r\n:1\r\n");  // GET's, two unseen ones', DEL's
    wire.received(ask({"PING"}));
    wire.sent("+PONG\r\n");
    wire.received(ask({"PING"}));
    wire.sent("+PONG\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"GET ok", "PING ok", "PING ok"}));
    EXPECT_EQ(wire.sink.lost.size(), 3U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisGarbage, IsRefusedAndCountsNothing) {
    for (const auto* bytes : {"*1\r\n:5\r\n", "*2\r\n$3\r\nGETxx$1", "*x\r\n", "*1\r\n$3\r\nGET!!", "\x01\x02\x03\n",
                              "*99999999999999999999\r\n", "PING\x01\r\n\x02\r\n"}) {
        Wire wire;
        wire.received(bytes);
        wire.close();
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted) << bytes;
        EXPECT_EQ(wire.reader.started(), 0U) << bytes;
        EXPECT_TRUE(wire.uses().empty()) << bytes;
    }
}

TEST(RedisGarbage, AnotherProtocolsAnswersRefuteAnInlineCommand) {
    Wire wire;
    wire.received("INFO\r\n");
    wire.sent("200 whatever\r\n");
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
}

TEST(RedisGarbage, InTheMiddleLosesWhatItBreaks) {
    Wire wire;
    wire.received(ask({"GET", "k"}));
    wire.sent("$1\r\nv\r\n");
    wire.received("*1\r\n:5\r\n");
    wire.sent("-ERR Protocol error: expected '$', got ':'\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"GET ok"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnparsable});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisLimits, MoreThanAreKeptAreLostByName) {
    Wire wire;
    const std::string ping = ask({"PING"});
    for (int i = 0; i < 16390; ++i) wire.received(ping);
    wire.sent(times(16390, "+PONG\r\n"));
    EXPECT_EQ(wire.sink.seen.size(), 16384U);
    wire.received(ping);
    wire.sent("+PONG\r\n");
    wire.close();
    EXPECT_EQ(wire.sink.seen.size(), 16385U);
    EXPECT_EQ(wire.sink.lost.front(), LostReason::kTooManyOpen);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RedisLimits, AWatchedClientMayHaveAsManyUnderWayAsBuffersHold) {
    Wire wire;
    const std::string pings = times(1000, ask({"PING"}));
    for (int i = 0; i < 132; ++i) wire.sent(pings);
    wire.received(times(132000, "+PONG\r\n"));
    wire.close();
    EXPECT_EQ(wire.sink.seen.size(), 131072U);
    EXPECT_EQ(wire.sink.lost.front(), LostReason::kTooManyOpen);
    EXPECT_TRUE(wire.all_accounted());
}

}  // namespace
}  // namespace footfall::redis
