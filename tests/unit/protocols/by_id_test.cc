// The books of requests that are answered by their number: each is used or lost, once.
#include "agent/protocols/pairing/by_id.h"

#include <gtest/gtest.h>

#include "tests/unit/support/protocol_wire.h"

namespace footfall {
namespace {

class ByIdTest : public ::testing::Test {
protected:
    ByIdTest() {
        pairing.restart({ConnectionId{7}, false, &sink}, Kind::kMongodb);
        pairing.set_role(Role::kClient);
    }
    void begin(std::uint32_t id, std::string_view method) {
        OpenRequest* request = pairing.begin(id, {{++now}, Pid{1}, Tid{2}});
        if (request == nullptr) return;
        request->name(method, {});
        request->request_bytes = 10;
        request->response_bytes = 20;
    }
    void finish(std::uint32_t id) { pairing.finish(id, Outcome::kOk, {}, {++now}); }
    [[nodiscard]] Uses uses() const {
        Uses texts;
        for (const Seen& seen : sink.seen) texts.push_back(seen.text());
        return texts;
    }
    [[nodiscard]] bool all_accounted() const {
        return pairing.started() == sink.seen.size() + sink.lost.size() + pairing.size();
    }

    RecordingSink sink;
    ById pairing;
    std::uint64_t now = 0;
};

TEST_F(ByIdTest, AnswersComeInAnyOrder) {
    begin(1, "a");
    begin(2, "b");
    begin(3, "c");
    finish(2);
    finish(3);
    finish(1);
    EXPECT_EQ(uses(), (Uses{"b ok", "c ok", "a ok"}));
    EXPECT_EQ(sink.seen[0].exchange.bytes_in, 20U) << "a client receives responses";
    EXPECT_EQ(sink.seen[0].exchange.connection, ConnectionId{7});
}

TEST_F(ByIdTest, AnAnswerToNobodyIsNotMadeUp) {
    begin(1, "a");
    finish(2);
    EXPECT_TRUE(sink.seen.empty());
    pairing.lose_unasked(LostReason::kGap);
    EXPECT_EQ(sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(all_accounted());
}

TEST_F(ByIdTest, ANumberThatIsUsedAgainTellsThatItsRequestWasAnsweredUnseen) {
    begin(1, "a");
    begin(1, "b");
    finish(1);
    EXPECT_EQ(uses(), Uses{"b ok"});
    EXPECT_EQ(sink.lost, Lost{LostReason::kGap});
}

TEST_F(ByIdTest, WhatAGapMayHaveAnsweredIsLostToItAndNoErrorOfTheEnd) {
    begin(1, "a");
    begin(2, "b");
    pairing.doubt_all();
    begin(3, "c");
    EXPECT_TRUE(pairing.is_doubtful(1));
    EXPECT_FALSE(pairing.is_doubtful(3));
    finish(1);
    pairing.close(CloseReason::kReset, {9});
    EXPECT_EQ(uses(), (Uses{"a ok", "c reset"}));
    EXPECT_EQ(sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(all_accounted());
}

TEST_F(ByIdTest, TheSessionsEndLeavesThemUnfinished) {
    begin(1, "a");
    begin(2, "b");
    pairing.session_end();
    EXPECT_EQ(sink.lost, (Lost{LostReason::kUnfinished, LostReason::kUnfinished}));
}

TEST_F(ByIdTest, OneThatFindsNoRoomIsLostOnceThoughItIsAnswered) {
    for (std::uint32_t id = 0; id < ById::kLimit; ++id) begin(id, "a");
    begin(ById::kLimit, "b");
    EXPECT_EQ(sink.lost, Lost{LostReason::kTooManyOpen});
    pairing.lose_unasked(LostReason::kGap);
    EXPECT_EQ(sink.lost.size(), 1U);
    pairing.lose_unasked(LostReason::kGap);
    EXPECT_EQ(sink.lost.size(), 2U);
    EXPECT_TRUE(all_accounted());
}

TEST_F(ByIdTest, AWrongGuessLeavesNothing) {
    begin(1, "a");
    pairing.forget();
    pairing.close(CloseReason::kLocal, {9});
    EXPECT_TRUE(sink.seen.empty());
    EXPECT_TRUE(sink.lost.empty());
    EXPECT_EQ(pairing.started(), 0U);
}

}  // namespace
}  // namespace footfall
