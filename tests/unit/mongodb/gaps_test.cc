// What is lost when bytes are, and what is not MongoDB's.
#include <gtest/gtest.h>

#include "tests/unit/mongodb/wire.h"

namespace footfall::mongodb {
namespace {

void greet(Wire& wire) {
    wire.received(request(100, R"({"hello": 1})"));
    wire.sent(ok(100));
}

TEST(MongodbGaps, AGapInADocumentCostsNothing) {
    Wire wire;
    const std::string whole = request(1, R"({"insert": "a", "documents": [{"a": ")" + std::string(5000, 'x') + R"("}]})");
    wire.truncated(kIn, whole.substr(0, 256), whole.size() - 256 - 64, whole.substr(whole.size() - 64));
    wire.sent(ok(1));
    EXPECT_EQ(wire.uses(), Uses{"insert a ok"});
    EXPECT_EQ(wire.last().bytes_in, whole.size());
}

TEST(MongodbGaps, ARequestThatWasNotSeenIsKnownByItsResponse) {
    Wire wire;
    greet(wire);
    wire.gap(kIn, request(1, R"({"find": "a"})").size());
    wire.sent(ok(1));
    wire.received(request(2, R"({"find": "b"})"));
    wire.sent(ok(2));
    EXPECT_EQ(wire.uses(), (Uses{"hello ok", "find b ok"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MongodbGaps, AResponseThatWasNotSeenIsNoErrorOfTheEnd) {
    Wire wire;
    greet(wire);
    wire.received(request(1, R"({"find": "a"})"));
    wire.gap(kOut, ok(1).size());
    wire.received(request(2, R"({"find": "b"})"));
    wire.sent(ok(2));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap}) << "what was asked after it has been answered";
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"hello ok", "find b ok"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MongodbGaps, ACommandThatWasNotSeenIsLost) {
    Wire wire;
    greet(wire);
    const std::string whole = request(1, R"({"insert": "a"})");
    wire.truncated(kIn, whole.substr(0, 22), whole.size() - 22, {});
    wire.sent(ok(1));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MongodbGaps, WhoeverComesLateFindsTheNextMessage) {
    Wire wire(true);
    wire.received("the rest of a document\x01\x02");
    wire.sent(ok(7));
    wire.received(request(8, R"({"find": "a"})"));
    wire.sent(ok(8));
    EXPECT_EQ(wire.uses(), Uses{"find a ok"});
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kBeganBefore});
}

TEST(MongodbGaps, ServersThatReadHeadersAloneAreFollowedLate) {
    Wire wire(true);
    const std::string asked = request(8, R"({"find": "a"})");
    wire.received(asked.substr(0, 16));
    wire.received(asked.substr(16));
    wire.sent(ok(8));
    EXPECT_EQ(wire.uses(), Uses{"find a ok"});
}

TEST(MongodbGuess, OtherBytesRefuteItAndNothingIsCounted) {
    Wire wire;
    wire.received(message(2013, 1, 0, word(0) + '\0' + word(1000000) + std::string(40, 'x')));
    EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
    wire.close();
    EXPECT_EQ(wire.reader.started(), 0U);
    EXPECT_TRUE(wire.sink.seen.empty());
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(MongodbGuess, WhatBreaksTheRulesLaterIsLostUntilAMessageStarts) {
    Wire wire;
    greet(wire);
    wire.received(request(1, R"({"find": "a"})"));
    wire.received("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnparsable});
    wire.received(request(2, R"({"find": "b"})"));
    wire.sent(ok(2));
    EXPECT_EQ(wire.uses(), (Uses{"hello ok", "find b ok"}));
    EXPECT_EQ(wire.reader.standing(), Standing::kConfirmed);
}

TEST(MongodbGuess, CompressedMessagesMakeItBlind) {
    Wire wire;
    greet(wire);
    wire.received(message(2012, 1, 0, word(2013) + word(100) + '\1' + "compressed bytes"));
    EXPECT_EQ(wire.reader.standing(), Standing::kCompressed);
    EXPECT_EQ(wire.uses(), Uses{"hello ok"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(MongodbGuess, AnotherConnectionBeginsAnew) {
    Wire wire;
    greet(wire);
    wire.received(message(2012, 1, 0, word(2013) + word(100) + '\1' + "compressed bytes"));
    wire.reader.restart({ConnectionId{8}, false, &wire.sink});
    greet(wire);
    EXPECT_EQ(wire.uses(), (Uses{"hello ok", "hello ok"}));
}

}  // namespace
}  // namespace footfall::mongodb
