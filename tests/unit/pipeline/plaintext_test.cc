// When a connection that speaks TLS is a blind spot, and when it is not.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "agent/pipeline/pipeline.h"
#include "tests/unit/pipeline/raw_records.h"

namespace footfall {
namespace {

constexpr std::string_view kRequest = "GET /orders/17 HTTP/1.1\r\n\r\n";
constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

class Plaintext : public testing::Test {
protected:
    Plaintext() {
        PipelineObservers observers;
        observers.on_tls = [this](Pid) { return is_attached_; };
        pipeline_ = std::make_unique<Pipeline>(PipelineSettings{}, source_, std::move(observers));
    }

    void feed(const Record& record) { pipeline_->on_raw(raw(record)); }

    void hello(std::uint64_t connection) {
        feed(connection_record(connection, 1));
        ff_blind_event blind{};
        blind.connection = connection;
        blind.pid = 1;
        blind.reason = FF_BLIND_TLS;
        feed(record_of(blind, FF_EVENT_BLIND, 2));
    }

    void plaintext_begins(std::uint64_t connection, bool some_passed_before) {
        ff_plaintext_event begun{};
        begun.connection = connection;
        begun.pid = 1;
        begun.opened_before = some_passed_before ? 1 : 0;
        feed(record_of(begun, FF_EVENT_PLAINTEXT, 3));
    }

    void plaintext(std::uint64_t connection) {
        plaintext_begins(connection, false);
        feed(message_record(connection, 1, FF_RECEIVED, 0, kRequest, 4));
        feed(message_record(connection, 1, FF_SENT, 0, kResponse, 5));
    }

    // "REASON CONNECTIONS", or "" where all was read.
    std::string blind_spot() const {
        Snapshot snapshot;
        pipeline_->fill(snapshot, ClockOffset{}, KernelAccount{});
        EXPECT_LE(snapshot.blind_spots_size(), 1);
        if (snapshot.blind_spots_size() == 0) return {};
        return snapshot.blind_spots(0).reason() + " " + std::to_string(snapshot.blind_spots(0).connections());
    }

    bool is_attached_ = false;
    RecordedProcessSource source_;
    std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(Plaintext, OfAProcessWithNothingToAttachToIsABlindSpotAtOnce) {
    hello(1);
    hello(2);
    EXPECT_EQ(blind_spot(), "TLS 2");
}

TEST_F(Plaintext, ThatIsReadIsNoBlindSpot) {
    is_attached_ = true;
    hello(1);
    EXPECT_EQ(blind_spot(), "");
    plaintext(1);
    feed(close_record(1, FF_CLOSE_LOCAL, true, 6));
    EXPECT_EQ(blind_spot(), "");
    EXPECT_EQ(pipeline_->uses(), 1U);
}

TEST_F(Plaintext, IsAUseOverTlsAndCleartextIsNone) {
    is_attached_ = true;
    hello(1);
    plaintext(1);
    feed(connection_record(2, 7));
    feed(message_record(2, 1, FF_RECEIVED, 0, kRequest, 8));
    feed(message_record(2, 1, FF_SENT, 0, kResponse, 9));
    Snapshot snapshot;
    pipeline_->fill(snapshot, ClockOffset{}, KernelAccount{});
    ASSERT_EQ(snapshot.operations_size(), 1);
    const auto& outcomes = snapshot.operations(0).outcomes();
    ASSERT_EQ(outcomes.size(), 2);
    EXPECT_FALSE(outcomes[0].tls());
    EXPECT_EQ(outcomes[0].uses(), 1U);
    EXPECT_TRUE(outcomes[1].tls());
    EXPECT_EQ(outcomes[1].uses(), 1U);
}

TEST_F(Plaintext, ThatComesAfterAllTakesTheBlindSpotBack) {
    hello(1);
    hello(2);
    plaintext(1);
    EXPECT_EQ(blind_spot(), "TLS 1");
    plaintext(2);
    EXPECT_EQ(blind_spot(), "");
    EXPECT_EQ(pipeline_->uses(), 2U);
}

TEST_F(Plaintext, ThatNeverComesIsMissedAtTheEndOfTheConnection) {
    is_attached_ = true;
    hello(1);
    hello(2);
    EXPECT_EQ(blind_spot(), "");
    feed(close_record(1, FF_CLOSE_LOCAL, true, 6));
    EXPECT_EQ(blind_spot(), "TLS without plaintext 1");
    pipeline_->session_end({7});
    EXPECT_EQ(blind_spot(), "TLS without plaintext 2");
}

TEST_F(Plaintext, ThatHadPassedBeforeTheLibraryWasSeenIsMissed) {
    is_attached_ = true;
    hello(1);
    plaintext_begins(1, true);
    feed(close_record(1, FF_CLOSE_LOCAL, true, 6));
    pipeline_->session_end({7});
    EXPECT_EQ(blind_spot(), "TLS without plaintext 1");
}

TEST_F(Plaintext, ThatIsFoundByItsEndAfterTheCloseIsNotDropped) {
    is_attached_ = true;
    hello(1);
    feed(close_record(1, FF_CLOSE_LOCAL, true, 2));
    plaintext_begins(1, true);
    Snapshot snapshot;
    pipeline_->fill(snapshot, ClockOffset{}, KernelAccount{});
    EXPECT_TRUE(snapshot.accounting().dropped().empty());
    EXPECT_EQ(blind_spot(), "TLS without plaintext 1");
}

TEST_F(Plaintext, OfWhichTheRestIsReadIsNoBlindSpot) {
    is_attached_ = true;
    hello(1);
    plaintext_begins(1, true);
    feed(message_record(1, 1, FF_SENT, 0, kResponse, 5));
    feed(close_record(1, FF_CLOSE_LOCAL, true, 6));
    pipeline_->session_end({7});
    EXPECT_EQ(blind_spot(), "");
}

}  // namespace
}  // namespace footfall
