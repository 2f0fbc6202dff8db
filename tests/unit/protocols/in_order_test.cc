// The books of requests that are answered in order: each is used or lost, once.
#include "agent/protocols/pairing/in_order.h"

#include <gtest/gtest.h>

#include "tests/unit/support/protocol_wire.h"

namespace footfall {
namespace {

class InOrderTest : public ::testing::Test {
protected:
    InOrderTest() {
        pairing.restart({ConnectionId{7}, false, &sink}, Kind::kHttp);
        pairing.set_role(Role::kClient);
    }
    void begin(std::string_view method, std::string_view target) {
        OpenRequest* request = pairing.begin({{++now}, Pid{1}, Tid{2}});
        if (request == nullptr) return;
        request->name(method, target);
        request->request_bytes = 10;
        request->response_bytes = 20;
    }
    [[nodiscard]] Uses uses() const {
        Uses texts;
        for (const Seen& seen : sink.seen) texts.push_back(seen.text());
        return texts;
    }

    RecordingSink sink;
    InOrder pairing;
    std::uint64_t now = 0;
};

TEST_F(InOrderTest, TheOldestIsAnsweredFirst) {
    begin("GET", "a");
    begin("GET", "b");
    pairing.finish(Outcome::kOk, {}, {9});
    pairing.finish(Outcome::kError, "E", {9});
    EXPECT_EQ(uses(), (Uses{"GET a -", "GET b - E"}));
    EXPECT_EQ(sink.seen[0].exchange.bytes_in, 20U) << "a client receives responses";
    EXPECT_EQ(pairing.started(), 2U);
}

TEST_F(InOrderTest, OneRequestMayBeSeveralExchanges) {
    begin("SELECT", "a");
    pairing.finish_part(Outcome::kOk, {}, {9});
    pairing.front().name("SELECT", "b");
    pairing.finish(Outcome::kError, "E", {12});
    EXPECT_EQ(uses(), (Uses{"SELECT a -", "SELECT b - E"}));
    EXPECT_EQ(sink.seen[1].exchange.begin.nanoseconds, 9U);
    EXPECT_EQ(sink.seen[1].exchange.bytes_in, 0U) << "counted with the first";
    EXPECT_EQ(pairing.started(), 2U);
}

TEST_F(InOrderTest, OneThatWasLostKeepsItsPlace) {
    begin("GET", "a");
    begin("GET", "b");
    pairing.front().lost = LostReason::kGap;
    pairing.finish(Outcome::kOk, {}, {9});
    pairing.finish(Outcome::kOk, {}, {9});
    EXPECT_EQ(uses(), Uses{"GET b -"});
    EXPECT_EQ(sink.lost, Lost{LostReason::kGap});
}

TEST_F(InOrderTest, TheEndOfTheConnectionIsTheErrorOfWhatIsOpen) {
    begin("GET", "a");
    pairing.close(CloseReason::kReset, {9});
    EXPECT_EQ(uses(), Uses{"GET a - reset"});
    begin("GET", "b");
    pairing.session_end();
    EXPECT_EQ(sink.lost, Lost{LostReason::kUnfinished});
}

TEST_F(InOrderTest, MoreThanAreKeptAreLostByName) {
    for (int i = 0; i < 16385; ++i) begin("GET", "a");
    EXPECT_EQ(sink.lost, Lost{LostReason::kTooManyOpen});
    pairing.close(CloseReason::kLocal, {9});
    EXPECT_EQ(pairing.started(), sink.seen.size() + sink.lost.size());
}

TEST_F(InOrderTest, AWrongGuessCountsNothing) {
    begin("GET", "a");
    pairing.forget();
    EXPECT_EQ(pairing.started(), 0U);
    EXPECT_TRUE(sink.seen.empty() && sink.lost.empty());
}

}  // namespace
}  // namespace footfall
