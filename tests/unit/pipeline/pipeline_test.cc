// Records in, a snapshot out: the stages together, and the law of their accounts.
#include "agent/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "agent/pipeline/errands.h"
#include "tests/unit/pipeline/raw_records.h"

namespace footfall {
namespace {

constexpr std::string_view kRequest = "GET /orders/17?token=secret HTTP/1.1\r\nHost: shop\r\n\r\n";
constexpr std::string_view kResponse = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

class PipelineTest : public testing::Test {
protected:
    PipelineTest() {
        source_.on_described({Pid{1}, "shop", "/usr/bin/shop", "c0ffee"});
        PipelineObservers observers;
        observers.on_recorded_description = [this](const ProcessDescribed& described) { source_.on_described(described); };
        observers.on_use = [this](const Use& use, const Exchange&) { uses_.push_back(use); };
        pipeline_ = std::make_unique<Pipeline>(PipelineSettings{}, source_, std::move(observers));
    }

    void feed(const Record& record) {
        ++fed_;
        pipeline_->on_raw(raw(record));
    }

    void exchange(std::uint64_t connection, std::uint64_t nth, std::uint64_t time) {
        feed(message_record(connection, 1, FF_RECEIVED, nth * kRequest.size(), kRequest, time));
        feed(message_record(connection, 1, FF_SENT, nth * kResponse.size(), kResponse, time + 2'000'000));
    }

    Snapshot snapshot(const KernelAccount& kernel = {}) const {
        Snapshot snapshot;
        pipeline_->fill(snapshot, ClockOffset{}, kernel);
        return snapshot;
    }

    // received = exported + the sum of dropped, and started = used + the sum of lost.
    static void expect_law(const Snapshot& snapshot) {
        const Accounting& books = snapshot.accounting();
        std::uint64_t dropped = 0;
        for (const auto& [reason, count] : books.dropped()) dropped += count;
        std::uint64_t lost = 0;
        for (const auto& [reason, count] : books.exchanges_lost()) lost += count;
        EXPECT_EQ(books.received(), books.exported() + dropped);
        EXPECT_EQ(books.exchanges_started(), books.exchanges_used() + lost);
    }

    RecordedProcessSource source_;
    std::vector<Use> uses_;
    std::unique_ptr<Pipeline> pipeline_;
    std::uint64_t fed_ = 0;
};

TEST_F(PipelineTest, RequestsBecomeUsesOfANamedOperation) {
    feed(connection_record(5, 1));
    for (std::uint64_t i = 0; i < 10; ++i) exchange(5, i, 1'000'000 + i * 10'000'000);
    const Snapshot seen = snapshot();
    ASSERT_EQ(seen.operations_size(), 1);
    const Operation& operation = seen.operations(0);
    EXPECT_EQ(operation.service(), "shop");
    EXPECT_EQ(operation.operation(), "GET /orders/{id}");
    EXPECT_EQ(operation.outcomes(0).uses(), 10U);
    EXPECT_NEAR(operation.outcomes(0).latency().sum(), 10 * 0.002, 1e-9);
    EXPECT_EQ(operation.bytes_in(), 10 * kRequest.size());
    EXPECT_EQ(operation.bytes_out(), 10 * kResponse.size());
    EXPECT_EQ(uses_.size(), 10U);
    expect_law(seen);
}

TEST_F(PipelineTest, NoQueryReachesTheSnapshot) {
    feed(connection_record(5, 1));
    exchange(5, 0, 1);
    EXPECT_EQ(snapshot().SerializeAsString().find("secret"), std::string::npos);
}

TEST_F(PipelineTest, MessagesOfAConnectionWhoseFirstSightWasLostAreDroppedByName) {
    exchange(9, 0, 1);
    const Snapshot seen = snapshot({.submitted = fed_});
    EXPECT_EQ(seen.accounting().dropped().at("unknown_connection"), 2U);
    expect_law(seen);
}

TEST_F(PipelineTest, DamagedRecordsAreDroppedByName) {
    Record damaged = connection_record(5, 1);
    damaged.resize(40);
    feed(damaged);
    const Snapshot seen = snapshot({.submitted = fed_});
    EXPECT_EQ(seen.accounting().dropped().at("malformed_event"), 1U);
    expect_law(seen);
}

TEST_F(PipelineTest, WhatTheKernelSideCouldNotSendIsInTheBooks) {
    feed(connection_record(5, 1));
    exchange(5, 0, 1);
    KernelAccount kernel{.submitted = fed_};
    kernel.dropped[static_cast<std::size_t>(DropReason::RING_FULL)] = 12;
    const Snapshot seen = snapshot(kernel);
    EXPECT_EQ(seen.accounting().received(), fed_ + 12);
    EXPECT_EQ(seen.accounting().dropped().at("ring_full"), 12U);
    expect_law(seen);
}

TEST_F(PipelineTest, AnEventThatVanishesBetweenRingAndPipelineBreaksTheLaw) {
    feed(connection_record(5, 1));
    const Snapshot seen = snapshot({.submitted = fed_ + 1});
    EXPECT_NE(seen.accounting().received(), seen.accounting().exported());
}

TEST_F(PipelineTest, AnExchangeWhoseResponseWasLostIsLostByName) {
    feed(connection_record(5, 1));
    feed(message_record(5, 1, FF_RECEIVED, 0, kRequest, 1));
    pipeline_->session_end({9});
    const Snapshot seen = snapshot();
    EXPECT_EQ(seen.accounting().exchanges_lost().at("unfinished"), 1U);
    expect_law(seen);
}

TEST_F(PipelineTest, AResetThatComesBeforeTheApplicationHasReadTheAnswerDoesNotCutIt) {
    feed(connection_record(5, 1));
    feed(message_record(5, 1, FF_SENT, 0, kRequest, 1));
    feed(close_record(5, FF_CLOSE_RESET, true, 2));
    feed(message_record(5, 1, FF_RECEIVED, 0, kResponse, 3));
    pipeline_->session_end({9});
    ASSERT_EQ(uses_.size(), 1U);
    EXPECT_EQ(uses_[0].status, 200);
    EXPECT_EQ(uses_[0].outcome, Outcome::kOk);
}

TEST_F(PipelineTest, AResetWithoutAnAnswerIsAnErrorASecondLater) {
    feed(connection_record(5, 1));
    feed(message_record(5, 1, FF_RECEIVED, 0, kRequest, 1));
    feed(close_record(5, FF_CLOSE_RESET, true, 2));
    EXPECT_TRUE(uses_.empty());
    pipeline_->advance({2 + static_cast<std::uint64_t>(kNanosecondsPerSecond)});
    ASSERT_EQ(uses_.size(), 1U);
    EXPECT_EQ(uses_[0].error_type, "reset");
    EXPECT_EQ(uses_[0].end.nanoseconds, 2U);
}

TEST_F(PipelineTest, ADescriptionInARawFileIsNoEvent) {
    feed(described_record(3, "mail"));
    feed(connection_record(5, 3));
    feed(message_record(5, 3, FF_RECEIVED, 0, kRequest, 1));
    feed(message_record(5, 3, FF_SENT, 0, kResponse, 2));
    const Snapshot seen = snapshot();
    EXPECT_EQ(seen.operations(0).service(), "mail");
    EXPECT_EQ(seen.accounting().received(), 3U);
}

TEST(Errands, AQuestionIsAnsweredOnThePipelinesThread) {
    Errands errands;
    std::optional<std::thread::id> ran_on;
    std::atomic<bool> answered{false};
    std::thread reader([&] {
        ran_on = errands.ask([] { return std::this_thread::get_id(); });
        answered = true;
    });
    while (!answered) errands.run_all();
    reader.join();
    EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Errands, ClosingSendsWaitingThreadsAwayEmpty) {
    Errands errands;
    std::optional<int> got = 1;
    bool paused = true;
    std::thread reader([&] { got = errands.ask([] { return 2; }); });
    std::thread sleeper([&] { paused = errands.pause(3600 * std::uint64_t{kNanosecondsPerSecond}); });
    errands.close();
    reader.join();
    sleeper.join();
    EXPECT_FALSE(got);
    EXPECT_FALSE(paused);
    EXPECT_FALSE(errands.ask([] { return 3; }));
}

}  // namespace
}  // namespace footfall
