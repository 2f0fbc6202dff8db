#include "agent/usage/cost_attribution.h"

#include <gtest/gtest.h>

#include "output/session/snapshot.pb.h"
#include "tests/unit/usage/usage_world.h"

namespace footfall {
namespace {

constexpr ConnectionId kFirst{1};
constexpr ConnectionId kSecond{2};
constexpr ConnectionId kDatabase{3};
constexpr Tid kThread{10};
constexpr Tid kWorker{11};

// Threads that run, wait and move messages, and what the operations of their exchanges cost. Times are in microseconds.
class CostAttributionTest : public testing::Test {
protected:
    void runs(Tid tid, std::uint64_t microseconds) {
        ThreadTimes& times = times_[tid];
        times.cpu_nanoseconds += microseconds * 1000;
        times.run_nanoseconds += microseconds * 1000;
    }
    void waits(Tid tid) {
        ++times_[tid].sleeps;
        times_[tid].run_nanoseconds = 0;
    }
    void is_preempted(Tid tid) {
        ++times_[tid].preempted;
        times_[tid].queued_nanoseconds += 1'000;
        times_[tid].run_nanoseconds = 0;
    }

    void moves(Tid tid, ConnectionId connection, Direction direction, std::uint32_t length = 100) {
        Message message{.connection = connection, .pid = Pid{1}, .tid = tid, .direction = direction, .length = length};
        message.thread = times_[tid];
        costs_.on_message(message);
    }
    void reads(Tid tid, ConnectionId connection, std::uint64_t still_open = 1) {
        moves(tid, connection, Direction::kReceived);
        costs_.message_read(still_open);
    }
    void writes(Tid tid, ConnectionId connection, std::uint64_t still_open) {
        moves(tid, connection, Direction::kSent);
        costs_.message_read(still_open);
    }
    // The response of an exchange that took so long.
    void answers(Tid tid, ConnectionId connection, std::string_view target, std::uint64_t took = 1'000,
                 std::uint64_t still_open = 0) {
        moves(tid, connection, Direction::kSent);
        ends(connection, target, took, 1);
        costs_.message_read(still_open);
    }
    void ends(ConnectionId connection, std::string_view target, std::uint64_t took, std::uint32_t count,
              Role role = Role::kServer) {
        Exchange ended = exchange("GET", target);
        ended.role = role;
        ended.end = {kExchangeBegin + took * 1000};
        ended.count = count;
        const Use use = world_.name(ended);
        world_.table.record(use);
        costs_.on_use(connection, use);
    }
    void asks(Tid tid, ConnectionId connection) { writes(tid, connection, 1); }
    void is_told(Tid tid, ConnectionId connection) {
        moves(tid, connection, Direction::kReceived);
        ends(connection, "/query", 100, 1, Role::kClient);
        costs_.message_read(0);
    }

    // Of a server's operation; all zero if it has none.
    OperationCost cost(const std::string& operation) const {
        Snapshot snapshot;
        world_.table.fill(snapshot, {});
        for (const Operation& row : snapshot.operations()) {
            if (row.operation() == operation && row.role() == ROLE_SERVER) return row.cost();
        }
        return {};
    }
    std::uint64_t cpu(const std::string& operation) const { return cost(operation).cpu_nanos() / 1000; }

    UsageWorld world_;
    // While the thread runs, or as it goes to wait.
    void is_sampled(CostAttribution::SampleId id, Tid tid, bool waits = false) {
        costs_.on_sample(id, {tid, static_cast<std::uint16_t>(times_[tid].sleeps), waits});
    }
    // "-": of none; "": nobody has said so yet.
    std::string operation_of(CostAttribution::SampleId id) const {
        const auto told = samples_.find(id);
        if (told == samples_.end()) return "";
        return told->second ? world_.names.name_of(*told->second).text : "-";
    }

    std::map<CostAttribution::SampleId, std::optional<OperationId>> samples_;
    CostAttribution costs_{world_.table, [this](CostAttribution::SampleId id, std::optional<OperationId> operation) {
                               EXPECT_TRUE(samples_.emplace(id, operation).second) << id << " was told twice";
                           }};
    std::map<Tid, ThreadTimes> times_;
};

TEST_F(CostAttributionTest, AnExchangeCostsWhatItsThreadRanForIt) {
    reads(kThread, kFirst);
    runs(kThread, 300);
    waits(kThread);
    runs(kThread, 200);
    answers(kThread, kFirst, "/a", 1'200);
    EXPECT_EQ(cost("GET /a").uses(), 1U);
    EXPECT_EQ(cpu("GET /a"), 500U);
    EXPECT_EQ(cost("GET /a").off_cpu_nanos(), 700'000U);
}

TEST_F(CostAttributionTest, WhatAThreadDoesBehindItsResponseIsOfThatOperationUpToItsNextWait) {
    reads(kThread, kFirst);
    answers(kThread, kFirst, "/a");
    runs(kThread, 40);  // writes its log
    waits(kThread);
    runs(kThread, 7);  // reads the next one
    reads(kThread, kFirst);
    runs(kThread, 100);
    answers(kThread, kFirst, "/b");
    EXPECT_EQ(cpu("GET /a"), 40U);
    EXPECT_EQ(cpu("GET /b"), 107U);
}

TEST_F(CostAttributionTest, WhatRunsBetweenTwoWaitsOfNobodysIsOfNoOperation) {
    reads(kThread, kFirst);
    answers(kThread, kFirst, "/a");
    waits(kThread);
    runs(kThread, 10'000);  // a job by the clock
    waits(kThread);
    runs(kThread, 5);
    reads(kThread, kFirst);
    answers(kThread, kFirst, "/b");
    EXPECT_EQ(cpu("GET /a"), 0U);
    EXPECT_EQ(cpu("GET /b"), 5U);
}

TEST_F(CostAttributionTest, AnEventLoopThatGoesOnWithAnotherExchangeAfterAWaitIsTold) {
    reads(kThread, kFirst);
    runs(kThread, 100);
    waits(kThread);
    runs(kThread, 3);
    reads(kThread, kSecond);
    runs(kThread, 200);
    waits(kThread);
    runs(kThread, 50);
    answers(kThread, kFirst, "/a");
    runs(kThread, 70);
    answers(kThread, kSecond, "/b");
    EXPECT_EQ(cpu("GET /a"), 150U);
    EXPECT_EQ(cpu("GET /b"), 273U);
}

TEST_F(CostAttributionTest, WithoutAWaitTimeIsOfTheResponseThatEndsIt) {
    reads(kThread, kFirst);
    reads(kThread, kSecond);
    runs(kThread, 100);
    answers(kThread, kFirst, "/a");
    runs(kThread, 200);
    answers(kThread, kSecond, "/b");
    EXPECT_EQ(cpu("GET /a"), 100U);
    EXPECT_EQ(cpu("GET /b"), 200U);
}

TEST_F(CostAttributionTest, AWorkerThatWasHandedTheRequestRunsForIt) {
    reads(kThread, kFirst);
    runs(kThread, 10);  // puts it into a queue
    answers(kWorker, kFirst, "/before");
    reads(kThread, kFirst);
    runs(kThread, 10);
    waits(kWorker);
    runs(kWorker, 300);
    waits(kWorker);  // for a lock
    is_preempted(kWorker);
    runs(kWorker, 200);
    answers(kWorker, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 500U);
}

TEST_F(CostAttributionTest, AWorkerThatAsksADatabaseFirstRanForTheRequestThatItThenAnswers) {
    asks(kWorker, kDatabase);
    waits(kWorker);
    is_told(kWorker, kDatabase);
    reads(kThread, kFirst);
    waits(kWorker);  // for the job
    runs(kWorker, 100);
    is_sampled(1, kWorker);
    asks(kWorker, kDatabase);
    runs(kWorker, 3);
    waits(kWorker);
    runs(kWorker, 4);
    is_told(kWorker, kDatabase);
    runs(kWorker, 200);
    is_sampled(2, kWorker);
    answers(kWorker, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 307U);
    EXPECT_EQ(operation_of(1), "GET /a");
    EXPECT_EQ(operation_of(2), "GET /a");
}

// Behind a wait for something else it may have taken up another job.
TEST_F(CostAttributionTest, AWorkerThatWaitsForSomethingElseRanForNobodyBefore) {
    asks(kWorker, kDatabase);
    runs(kWorker, 5'000);  // a job by the clock
    waits(kWorker);
    is_told(kWorker, kDatabase);
    reads(kThread, kFirst);
    runs(kWorker, 10);
    waits(kWorker);
    runs(kWorker, 20);
    asks(kWorker, kDatabase);
    waits(kWorker);
    is_told(kWorker, kDatabase);
    runs(kWorker, 200);
    answers(kWorker, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 220U);
}

TEST_F(CostAttributionTest, WhatItGetsFromADatabaseBringsItBackToTheExchangeThatAsked) {
    reads(kThread, kFirst);
    runs(kThread, 100);
    asks(kThread, kDatabase);
    waits(kThread);
    runs(kThread, 2);
    reads(kThread, kSecond);
    runs(kThread, 200);
    waits(kThread);
    runs(kThread, 8);
    is_told(kThread, kDatabase);
    runs(kThread, 1'000);
    answers(kThread, kFirst, "/a");
    answers(kThread, kSecond, "/b");
    EXPECT_EQ(cpu("GET /a"), 1'108U);
    EXPECT_EQ(cpu("GET /b"), 202U);
}

TEST_F(CostAttributionTest, WhatAThreadAsksOfOthersWithoutServingAnybodyIsOfNoOperation) {
    asks(kThread, kDatabase);
    runs(kThread, 500);
    is_told(kThread, kDatabase);
    runs(kThread, 500);
    asks(kThread, kDatabase);
    EXPECT_EQ(world_.table.uses(), 1U);
    EXPECT_EQ(cost("GET /query").uses(), 0U);
}

TEST_F(CostAttributionTest, ExchangesThatEndAtOnceShareEvenly) {
    reads(kThread, kFirst);
    runs(kThread, 1'000);
    moves(kThread, kFirst, Direction::kSent);
    ends(kFirst, "/a", 1'000, 3);
    ends(kFirst, "/b", 1'000, 1);
    costs_.message_read(0);
    EXPECT_EQ(cpu("GET /a"), 750U);
    EXPECT_EQ(cost("GET /a").uses(), 3U);
    EXPECT_EQ(cpu("GET /b"), 250U);
    EXPECT_EQ(cost("GET /b").off_cpu_nanos(), 750'000U);
}

TEST_F(CostAttributionTest, WaitingForACpuIsAPartOfTheTimeOffIt) {
    reads(kThread, kFirst);
    runs(kThread, 100);
    is_preempted(kThread);
    runs(kThread, 100);
    answers(kThread, kFirst, "/a", 250);
    EXPECT_EQ(cost("GET /a").off_cpu_nanos(), 50'000U);
    EXPECT_EQ(cost("GET /a").queued_nanos(), 1'000U);
}

TEST_F(CostAttributionTest, MoreThreadsThanOneRunningForAnExchangeLeaveNoTimeOffTheCpu) {
    reads(kThread, kFirst);
    runs(kThread, 3'000);
    answers(kThread, kFirst, "/a", 1'000);
    EXPECT_EQ(cpu("GET /a"), 3'000U);
    EXPECT_EQ(cost("GET /a").off_cpu_nanos(), 0U);
}

TEST_F(CostAttributionTest, AnExchangeThatItsConnectionCutsCostsWhatItDid) {
    reads(kThread, kFirst);
    runs(kThread, 100);
    writes(kThread, kFirst, 1);
    ends(kFirst, "/a", 500, 1);  // the reader gives it up with the connection
    costs_.on_connection_gone(kFirst);
    EXPECT_EQ(cpu("GET /a"), 100U);
    EXPECT_EQ(costs_.connections(), 0U);
}

TEST_F(CostAttributionTest, AThreadWithTheNumberOfOneThatEndedBeginsAnew) {
    reads(kThread, kFirst);
    runs(kThread, 5'000);
    answers(kThread, kFirst, "/a");
    times_[kThread] = {};
    runs(kThread, 300);
    reads(kThread, kSecond);
    runs(kThread, 100);
    answers(kThread, kSecond, "/b");
    EXPECT_EQ(cpu("GET /a"), 5'000U);
    EXPECT_EQ(cpu("GET /b"), 100U);
}

TEST_F(CostAttributionTest, TimeThatSeemsToStepBackIsNotCountedTwice) {
    reads(kThread, kFirst);
    runs(kThread, 100);
    reads(kThread, kFirst);
    times_[kThread].cpu_nanoseconds -= 20'000;
    reads(kThread, kFirst);
    times_[kThread].cpu_nanoseconds += 20'000;
    answers(kThread, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 100U);
}

TEST_F(CostAttributionTest, AConnectionOnWhichTheServerSpeaksFirstIsKnownForWhatItIsByItsFirstExchange) {
    answers(kThread, kFirst, "/greeting");
    waits(kThread);
    runs(kThread, 5);
    reads(kThread, kFirst);
    runs(kThread, 100);
    answers(kThread, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 105U);
}

TEST_F(CostAttributionTest, MessagesOfFilesWithoutTimesHaveNoCosts) {
    Message message{.connection = kFirst, .pid = Pid{1}, .tid = kThread, .length = 10};
    costs_.on_message(message);
    ends(kFirst, "/a", 100, 1);
    costs_.message_read(0);
    EXPECT_EQ(cost("GET /a").uses(), 0U);
}

TEST_F(CostAttributionTest, SamplesAreOfTheOperationThatTheirTimeIsOf) {
    reads(kThread, kFirst);
    is_sampled(1, kThread);
    waits(kThread);
    is_sampled(2, kThread, true);
    is_sampled(3, kThread);
    EXPECT_EQ(operation_of(1), "");
    answers(kThread, kFirst, "/a");
    is_sampled(4, kThread);  // behind the response
    waits(kThread);
    is_sampled(5, kThread, true);  // for the next request
    is_sampled(6, kThread);        // wakes up for it
    reads(kThread, kFirst);
    answers(kThread, kFirst, "/b");
    EXPECT_EQ(operation_of(1), "GET /a");
    EXPECT_EQ(operation_of(2), "GET /a");
    EXPECT_EQ(operation_of(3), "GET /a");
    EXPECT_EQ(operation_of(4), "GET /a");
    EXPECT_EQ(operation_of(5), "-");
    EXPECT_EQ(operation_of(6), "GET /b");
    EXPECT_EQ(costs_.samples(), 0U);
}

TEST_F(CostAttributionTest, SamplesOfAnEventLoopAreToldApartByItsWaits) {
    reads(kThread, kFirst);
    is_sampled(1, kThread);
    waits(kThread);
    is_sampled(2, kThread, true);  // for whatever comes
    reads(kThread, kSecond);
    waits(kThread);
    is_sampled(3, kThread);  // a job by the clock, or one of the two
    waits(kThread);
    is_sampled(4, kThread);
    answers(kThread, kFirst, "/a");
    answers(kThread, kSecond, "/b");
    EXPECT_EQ(operation_of(1), "GET /a");
    EXPECT_EQ(operation_of(2), "-");
    EXPECT_EQ(operation_of(3), "-");
    EXPECT_EQ(operation_of(4), "GET /a");
}

// It may have waited in vain before.
TEST_F(CostAttributionTest, NobodyKnowsWhichOfAWorkersWaitsAreForItsRequest) {
    reads(kThread, kFirst);
    answers(kWorker, kFirst, "/before");
    reads(kThread, kFirst);
    waits(kWorker);
    is_sampled(1, kWorker, true);
    is_sampled(2, kWorker);
    waits(kWorker);
    is_sampled(3, kWorker, true);
    answers(kWorker, kFirst, "/a");
    EXPECT_EQ(operation_of(1), "-");
    EXPECT_EQ(operation_of(2), "GET /a");
    EXPECT_EQ(operation_of(3), "-");
}

TEST_F(CostAttributionTest, SamplesOfThreadsThatServeNobodyOrWhoseExchangeNeverEndsAreOfNone) {
    is_sampled(1, kWorker);
    EXPECT_EQ(operation_of(1), "-");
    reads(kThread, kFirst);
    is_sampled(2, kThread);
    writes(kThread, kFirst, 1);
    costs_.on_connection_gone(kFirst);
    EXPECT_EQ(operation_of(2), "-");
    reads(kThread, kSecond);
    is_sampled(3, kThread);
    costs_.give_up_samples();
    EXPECT_EQ(operation_of(3), "-");
    EXPECT_EQ(costs_.samples(), 0U);
}

TEST_F(CostAttributionTest, AThreadThatSaysNothingAnyMoreDoesNotKeepTheSamplesOfOthersFromTheirOperations) {
    reads(kWorker, kSecond);
    for (CostAttribution::SampleId id = 0; id < CostAttribution::kMostSamples; ++id) is_sampled(id, kWorker);
    EXPECT_EQ(operation_of(0), "");
    reads(kThread, kFirst);
    is_sampled(CostAttribution::kMostSamples, kThread);
    EXPECT_EQ(operation_of(0), "-");
    answers(kThread, kFirst, "/a");
    EXPECT_EQ(operation_of(CostAttribution::kMostSamples), "GET /a");
}

TEST_F(CostAttributionTest, WhatAMessageStartsThatIsOfNoExchangeIsOfNoOperation) {
    reads(kThread, kFirst);
    answers(kThread, kFirst, "/a");
    waits(kThread);
    runs(kThread, 2);
    reads(kThread, kFirst, 0);  // a ping
    runs(kThread, 5'000);
    waits(kThread);
    is_sampled(1, kThread, true);
    runs(kThread, 3);
    reads(kThread, kFirst);
    answers(kThread, kFirst, "/b");
    EXPECT_EQ(cpu("GET /a"), 0U);
    EXPECT_EQ(cpu("GET /b"), 3U);
    EXPECT_EQ(operation_of(1), "-");
}

TEST_F(CostAttributionTest, AnExchangeThatIsLostTakesItsCostWithIt) {
    reads(kThread, kFirst);
    runs(kThread, 5'000);
    writes(kThread, kFirst, 0);  // its reader gave it up
    reads(kThread, kFirst);
    runs(kThread, 10);
    answers(kThread, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 10U);
}

TEST_F(CostAttributionTest, OfStreamsThatAreOpenAtOnceEachHasWhatItsResponseTook) {
    reads(kThread, kFirst, 1);
    reads(kThread, kFirst, 2);
    runs(kThread, 30);
    waits(kThread);
    runs(kThread, 2);
    reads(kThread, kFirst, 3);
    answers(kWorker, kSecond, "/other");
    waits(kWorker);
    runs(kWorker, 300);
    answers(kWorker, kFirst, "/a", 1'000, 2);
    waits(kWorker);
    runs(kWorker, 700);
    answers(kWorker, kFirst, "/b", 1'000, 1);
    EXPECT_EQ(cpu("GET /a"), 310U);  // and a third of what the reading took
    EXPECT_EQ(cpu("GET /b"), 710U);
}

TEST_F(CostAttributionTest, AConnectionThatTurnsOutToBeAClientsServesNobody) {
    reads(kThread, kDatabase);  // the server's greeting
    runs(kThread, 500);
    waits(kThread);
    is_sampled(1, kThread, true);
    is_told(kThread, kDatabase);
    runs(kThread, 500);
    reads(kThread, kFirst);
    runs(kThread, 100);
    answers(kThread, kFirst, "/a");
    EXPECT_EQ(cpu("GET /a"), 100U);
    EXPECT_EQ(operation_of(1), "-");
    EXPECT_EQ(costs_.samples(), 0U);
}

TEST(CostAttributionLimits, ThreadsAreForgottenAtTheLimitAndBeginAnew) {
    UsageWorld world;
    CostAttribution costs(world.table, {}, 8);
    for (std::uint32_t tid = 1; tid < 100; ++tid) {
        Message message{.connection = kFirst, .pid = Pid{1}, .tid = Tid{tid}, .length = 10};
        message.thread = ThreadTimes{};
        costs.on_message(message);
        EXPECT_LE(costs.threads(), 8U);
    }
}

}  // namespace
}  // namespace footfall
