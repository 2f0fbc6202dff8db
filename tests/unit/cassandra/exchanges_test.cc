// What a use of Cassandra is called, how it ends, and what is lost when bytes are.
#include <gtest/gtest.h>

#include "tests/unit/cassandra/wire.h"

namespace footfall::cassandra {
namespace {

void greet(Wire& wire) {
    wire.received(startup(4));
    wire.sent(response(0, OpCode::kReady, ""));
}
void greet_in_segments(Wire& wire) {
    wire.received(startup(5));
    wire.sent(frame(0x85, 0, 0, OpCode::kReady, ""));
}
std::string query5(std::uint32_t stream, const std::string& text) {
    return frame(5, 0, stream, OpCode::kQuery, long_text(text) + number(1, 2) + number(0, 4));
}
std::string rows5(std::uint32_t stream) { return frame(0x85, 0, stream, OpCode::kResult, number(2, 4)); }

TEST(CassandraNames, NoValueIsAName) {
    Wire wire;
    wire.received(query(1, "SELECT * FROM shop.orders WHERE customer = 'secret'"));
    wire.sent(rows(1));
    wire.received(query(2, "secret nonsense"));
    wire.sent(error(2, 0x2000));
    EXPECT_EQ(wire.uses(), (Uses{"SELECT shop.orders ok", "_OTHER SyntaxError"}));
}

TEST(CassandraNames, PreparedStatementsAreKnownOnOtherConnections) {
    PreparedNames prepared;
    RecordingSink sink;
    CassandraReader first({ConnectionId{1}, false, &sink, &prepared});
    CassandraReader second({ConnectionId{2}, false, &sink, &prepared});
    const Stamp stamp{{10}, Pid{1}, Tid{1}};
    const std::string prepare = request(1, OpCode::kPrepare, long_text("INSERT INTO shop.orders(id) VALUES (?)"));
    first.on_bytes(kIn, prepare, true, stamp);
    first.on_bytes(kOut, response(1, OpCode::kResult, number(4, 4) + short_text("an id") + number(0, 4)), true, stamp);
    const std::string tail = number(1, 2) + number(0, 4);
    second.on_bytes(kIn, request(1, OpCode::kExecute, short_text("an id") + tail), true, stamp);
    second.on_bytes(kOut, rows(1), true, stamp);
    second.on_bytes(kIn, request(2, OpCode::kExecute, short_text("another") + tail), true, stamp);
    second.on_bytes(kOut, error(2, 0x2500), true, stamp);
    ASSERT_EQ(sink.seen.size(), 3U);
    EXPECT_EQ(sink.seen[0].text(), "PREPARE INSERT shop.orders ok");
    EXPECT_EQ(sink.seen[1].text(), "INSERT shop.orders ok");
    EXPECT_EQ(sink.seen[2].text(), "EXECUTE {unknown} Unprepared");
}

TEST(CassandraNames, TheOldestPreparedStatementIsForgotten) {
    PreparedNames prepared;
    for (std::size_t i = 0; i <= PreparedNames::kLimit; ++i) prepared.keep("id" + std::to_string(i), "SELECT", "t");
    EXPECT_EQ(prepared.size(), PreparedNames::kLimit);
    EXPECT_EQ(prepared.find("id0"), nullptr);
    EXPECT_NE(prepared.find("id1"), nullptr);
}

TEST(CassandraNames, WhatFlagsPutInFrontIsPassedOver) {
    Wire wire;
    greet(wire);
    const std::string payload = number(1, 2) + short_text("key") + long_text("secret");
    wire.received(
        frame(4, 0x06, 1, OpCode::kQuery, payload + long_text("DELETE FROM t WHERE id = 1") + number(1, 2) + number(0, 1)));
    const std::string warnings = number(1, 2) + short_text("a warning");
    wire.sent(frame(0x84, 0x0E, 1, OpCode::kError,
                    std::string(16, 't') + warnings + payload + number(0x1100, 4) + short_text("x")));
    EXPECT_EQ(wire.uses(), (Uses{"STARTUP ok", "DELETE t WriteTimeout"}));
}

TEST(CassandraOutcomes, AnErrorThatNobodyKnowsIsItsNumber) {
    Wire wire;
    wire.received(query(1, "SELECT a FROM t"));
    wire.sent(error(1, 0x12AB));
    EXPECT_EQ(wire.uses(), Uses{"SELECT t 0x12AB"});
}

TEST(CassandraPairing, ResponsesComeInAnyOrderAndEventsAreNone) {
    Wire wire;
    wire.received(query(1, "SELECT a FROM a") + query(2, "SELECT a FROM b"));
    wire.sent(rows(2) + frame(0x84, 0, 0xFFFF, OpCode::kEvent, short_text("STATUS_CHANGE")) + rows(1));
    EXPECT_EQ(wire.uses(), (Uses{"SELECT b ok", "SELECT a ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(CassandraSegments, FramesComeInSegmentsAfterTheHandshake) {
    Wire wire;
    greet_in_segments(wire);
    wire.received(segment(query5(1, "SELECT a FROM a") + query5(2, "SELECT a FROM b")));
    wire.sent(segment(rows5(1)) + segment(rows5(2)));
    EXPECT_EQ(wire.uses(), (Uses{"STARTUP ok", "SELECT a ok", "SELECT b ok"}));
}

// A large frame in segments of 1000 bytes, of which only the ends of what a system call moved were seen.
TEST(CassandraSegments, TheHeadersInAGapOfALargeFrameAreKnown) {
    Wire wire;
    greet_in_segments(wire);
    const std::string large = query5(1, "INSERT INTO t(a) VALUES ('" + std::string(5500, 'x') + "')");
    std::string all;
    for (std::size_t at = 0; at < large.size(); at += 1000) all += segment(large.substr(at, 1000), false);
    for (std::size_t cut = 64; cut < 1200; ++cut) {
        wire.truncated(kIn, all.substr(0, 256), all.size() - 256 - cut, all.substr(all.size() - cut));
        wire.sent(segment(rows5(1)));
        ASSERT_EQ(wire.last().bytes_in, large.size()) << cut;
    }
    wire.received(segment(query5(2, "SELECT a FROM b")));
    wire.sent(segment(rows5(2)));
    EXPECT_EQ(wire.uses().back(), "SELECT b ok");
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(CassandraSegments, AWrongChecksumIsOutOfStepUntilASegmentStarts) {
    Wire wire;
    greet_in_segments(wire);
    std::string damaged = segment(query5(1, "SELECT a FROM a"));
    damaged[3] = static_cast<char>(damaged[3] ^ 1);
    wire.received(damaged);
    wire.sent(segment(rows5(1)));
    wire.received(segment(query5(2, "SELECT a FROM b")));
    wire.sent(segment(rows5(2)));
    EXPECT_EQ(wire.uses(), (Uses{"STARTUP ok", "SELECT b ok"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(CassandraBlind, CompressionThatIsAgreedOn) {
    Wire wire;
    wire.received(startup(5, short_text("COMPRESSION") + short_text("lz4")));
    wire.sent(frame(0x85, 0, 0, OpCode::kReady, ""));
    EXPECT_EQ(wire.reader.standing(), Standing::kCompressed);
    EXPECT_EQ(wire.uses(), Uses{"STARTUP ok"});
}

TEST(CassandraBlind, CompressedFramesOfBothDirections) {
    Wire wire(true);
    wire.received(frame(4, 1, 1, OpCode::kQuery, "compressed"));
    EXPECT_EQ(wire.reader.standing(), Standing::kGuessed);
    wire.sent(frame(0x84, 1, 1, OpCode::kResult, "compressed"));
    EXPECT_EQ(wire.reader.standing(), Standing::kCompressed);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(CassandraGaps, AStreamThatIsUsedAgainWasAnsweredUnseen) {
    Wire wire;
    greet(wire);
    wire.received(query(1, "SELECT a FROM a"));
    wire.gap(kOut, rows(1).size());
    wire.received(query(1, "SELECT a FROM b"));
    wire.sent(rows(1));
    EXPECT_EQ(wire.uses(), (Uses{"STARTUP ok", "SELECT b ok"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(CassandraGaps, ARequestThatWasNotSeenIsKnownByItsResponse) {
    Wire wire;
    greet(wire);
    wire.gap(kIn, 100);
    wire.sent(rows(1));
    wire.received(query(2, "SELECT a FROM b"));
    wire.sent(rows(2));
    EXPECT_EQ(wire.uses(), (Uses{"STARTUP ok", "SELECT b ok"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(CassandraGaps, AValueThatWasNotSeenCostsNothing) {
    Wire wire;
    greet(wire);
    const std::string whole = query(1, "INSERT INTO t(a) VALUES ('" + std::string(100000, 'x') + "')");
    wire.truncated(kIn, whole.substr(0, 16384), whole.size() - 16384 - 64, whole.substr(whole.size() - 64));
    wire.sent(rows(1));
    EXPECT_EQ(wire.uses().back(), "INSERT t ok");
    EXPECT_EQ(wire.last().bytes_in, whole.size());
}

TEST(CassandraEndings, WhatIsCutIsAnErrorAndTheSessionsEndIsNone) {
    Wire wire;
    greet(wire);
    const std::string whole = query(1, "SELECT a FROM a");
    wire.received(whole.substr(0, whole.size() - 2));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses().back(), "SELECT a reset");
    wire.reader.restart({ConnectionId{8}, false, &wire.sink});
    greet(wire);
    wire.received(whole);
    wire.session_end();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished});
}

TEST(CassandraGuess, OtherBytesRefuteItAndNothingIsCounted) {
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.1\r\n"), frame(4, 0, 1, OpCode::kOptions, "body"),
          frame(4, 0, 1, OpCode::kQuery, number(5000, 4) + "xxxx"), frame(7, 0, 1, OpCode::kOptions, "")}) {
        Wire wire;
        wire.received(bytes);
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
        wire.close();
        EXPECT_EQ(wire.reader.started() + wire.sink.seen.size() + wire.sink.lost.size(), 0U);
    }
}

}  // namespace
}  // namespace footfall::cassandra
