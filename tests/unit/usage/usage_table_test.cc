#include "agent/usage/usage_table.h"

#include <gtest/gtest.h>

#include "output/session/snapshot.pb.h"
#include "tests/unit/usage/usage_world.h"

namespace footfall {
namespace {

Snapshot snapshot_of(const UsageWorld& world) {
    Snapshot snapshot;
    world.table.fill(snapshot, ClockOffset{5'000'000'000});
    return snapshot;
}

std::uint64_t uses_of(const Operation& operation) {
    std::uint64_t uses = 0;
    for (const OutcomeUse& outcome : operation.outcomes()) uses += outcome.uses();
    return uses;
}

std::vector<std::tuple<std::string, std::string, std::uint64_t>> outcomes_of(const Operation& operation) {
    std::vector<std::tuple<std::string, std::string, std::uint64_t>> outcomes;
    for (const OutcomeUse& outcome : operation.outcomes()) {
        outcomes.emplace_back(outcome.outcome(), outcome.error_type(), outcome.uses());
    }
    return outcomes;
}

TEST(UsageTable, AnEmptyTableHasNoOperations) {
    Snapshot snapshot;
    snapshot.add_operations()->set_service("of an older snapshot");
    UsageWorld world;
    world.table.fill(snapshot, {});
    EXPECT_EQ(snapshot.operations_size(), 0);
}

TEST(UsageTable, WhatIsNotAnsweredCountsAndLeavesTheTimesOfTheOthersAlone) {
    UsageWorld world;
    world.count(exchange("GET", "/orders/1"));
    Exchange unanswered = exchange("GET", "/orders/2", 0);
    unanswered.outcome = Outcome::kUnknown;
    unanswered.first_byte = {};
    unanswered.end = unanswered.begin;
    unanswered.count = 7;
    world.count(unanswered);

    const Snapshot snapshot = snapshot_of(world);
    ASSERT_EQ(snapshot.operations_size(), 1);
    EXPECT_EQ(uses_of(snapshot.operations(0)), 8U);
    ASSERT_EQ(snapshot.operations(0).outcomes_size(), 2);
    EXPECT_EQ(snapshot.operations(0).outcomes(0).latency().count(), 1U);
    EXPECT_EQ(snapshot.operations(0).outcomes(1).outcome(), "unknown");
    EXPECT_EQ(snapshot.operations(0).outcomes(1).uses(), 7U);
    EXPECT_EQ(snapshot.operations(0).outcomes(1).latency().count(), 0U);
}

TEST(UsageTable, AnOperationHasEverythingThatExportersRead) {
    UsageWorld world;
    world.count(exchange("GET", "/orders/1"), private_peer(1));
    Exchange later = exchange("GET", "/orders/2", 500);
    later.begin.nanoseconds += 10'000'000;
    later.first_byte = {};
    later.end.nanoseconds += 20'000'000;
    world.count(later, private_peer(2));

    const Snapshot snapshot = snapshot_of(world);
    ASSERT_EQ(snapshot.operations_size(), 1);
    const Operation& operation = snapshot.operations(0);
    EXPECT_EQ(operation.service(), "shop");
    EXPECT_EQ(operation.role(), ROLE_SERVER);
    EXPECT_EQ(operation.kind(), "http");
    EXPECT_EQ(operation.operation(), "GET /orders/{id}");
    EXPECT_EQ(operation.method(), "GET");
    EXPECT_EQ(operation.route(), "/orders/{id}");
    EXPECT_EQ(operation.bytes_in(), 200U);
    EXPECT_EQ(operation.bytes_out(), 2000U);
    EXPECT_EQ(operation.first_seen_unix_nanos(), 5'001'000'000);
    EXPECT_EQ(operation.last_seen_unix_nanos(), 5'024'000'000);
    EXPECT_EQ(operation.time_to_first_byte().count(), 1U);
    EXPECT_DOUBLE_EQ(operation.time_to_first_byte().sum(), 0.001);
    EXPECT_EQ(outcomes_of(operation),
              (std::vector<std::tuple<std::string, std::string, std::uint64_t>>{{"200", "", 1}, {"500", "500", 1}}));
    EXPECT_EQ(operation.outcomes(0).latency().count(), 1U);
    EXPECT_DOUBLE_EQ(operation.outcomes(0).latency().max(), 0.003);
    EXPECT_DOUBLE_EQ(operation.outcomes(1).latency().max(), 0.013);
    EXPECT_EQ(operation.distinct_consumers(), 2U);
    ASSERT_EQ(operation.consumers_size(), 2);
    EXPECT_EQ(operation.consumers(0).consumer(), "10.0.0.1");
}

TEST(UsageTable, AnExchangeWithACountIsAsMuchAsThatManyEqualOnes) {
    UsageWorld together;
    UsageWorld apart;
    Exchange many = exchange("GET", "/orders/1");
    many.count = 1000;
    together.count(many, private_peer(1));
    for (int i = 0; i < 1000; ++i) apart.count(exchange("GET", "/orders/1"), private_peer(1));
    EXPECT_EQ(snapshot_of(together).SerializeAsString(), snapshot_of(apart).SerializeAsString());
    EXPECT_EQ(together.table.uses(), 1000U);
}

TEST(UsageTable, WhatHasNoStatusIsNamedAfterWhatCutIt) {
    UsageWorld world;
    Exchange cut = exchange("GET", "/a", 0);
    cut.error_type = "closed";
    world.count(cut);
    Exchange half = exchange("GET", "/a", 200);
    half.error_type = "reset";
    world.count(half);
    world.count(exchange("GET", "/a", 200));
    EXPECT_EQ(outcomes_of(snapshot_of(world).operations(0)),
              (std::vector<std::tuple<std::string, std::string, std::uint64_t>>{
                  {"200", "", 1}, {"200", "reset", 1}, {"closed", "closed", 1}}));
    EXPECT_EQ(outcome_text(Outcome::kUnknown, 0, ""), "unknown");
    EXPECT_EQ(outcome_text(Outcome::kOk, 0, ""), "ok");
}

TEST(UsageTable, OperationsComeMostUsedFirstAndEqualOnesByName) {
    UsageWorld world;
    for (const char* path : {"/b", "/a", "/c", "/c"}) world.count(exchange("GET", path));
    Exchange mailed = exchange("GET", "/a");
    mailed.pid = Pid{2};
    world.count(mailed);
    std::vector<std::string> order;
    const Snapshot snapshot = snapshot_of(world);
    for (const Operation& operation : snapshot.operations()) order.push_back(operation.service() + operation.route());
    EXPECT_EQ(order, (std::vector<std::string>{"shop/c", "mail/a", "shop/a", "shop/b"}));
}

TEST(UsageTable, OtherCountsExactlyWhatTheLimitFolded) {
    UsageWorld world({}, 2);
    for (const char* method : {"GET", "GET", "PUT", "POST", "HEAD", "HEAD", "HEAD"}) world.count(exchange(method, "/a"));
    const Snapshot snapshot = snapshot_of(world);
    ASSERT_EQ(snapshot.operations_size(), 3);
    EXPECT_EQ(snapshot.operations(0).operation(), "other");
    EXPECT_EQ(uses_of(snapshot.operations(0)), 4U);
    EXPECT_EQ(world.table.uses(), 7U);
}

TEST(UsageTable, OutcomesPastTheirLimitAreOtherByWhetherTheyAreErrors) {
    UsageWorld world;
    for (std::uint16_t status = 200; status < 300; ++status) world.count(exchange("GET", "/a", status));
    for (int i = 0; i < 10; ++i) world.count(exchange("GET", "/a", 500));
    const Snapshot snapshot = snapshot_of(world);
    const Operation& operation = snapshot.operations(0);
    EXPECT_EQ(uses_of(operation), 110U);
    const auto outcomes = outcomes_of(operation);
    ASSERT_EQ(outcomes.size(), UsageTable::kMaxOutcomes + 2);
    EXPECT_EQ(outcomes.at(16), std::make_tuple("other", "", 84U));
    EXPECT_EQ(outcomes.at(17), std::make_tuple("other", "_OTHER", 10U));
}

TEST(UsageTable, UsesOverTlsAreCountedApartAlsoPastTheLimitOfOutcomes) {
    UsageWorld world;
    for (std::uint16_t status = 200; status < 300; ++status) {
        Use use = world.name(exchange("GET", "/a", status));
        world.table.record(use);
        use.tls = true;
        world.table.record(use);
        world.table.record(use);
    }
    const Snapshot snapshot = snapshot_of(world);
    std::uint64_t over_tls = 0;
    for (const OutcomeUse& outcome : snapshot.operations(0).outcomes()) over_tls += outcome.tls() ? outcome.uses() : 0;
    EXPECT_EQ(over_tls, 200U);
    EXPECT_EQ(uses_of(snapshot.operations(0)), 300U);
    EXPECT_EQ(outcomes_of(snapshot.operations(0)).size(), UsageTable::kMaxOutcomes + 2);
}

TEST(UsageTable, ConsumersAddUpToTheUses) {
    UsageWorld world;
    for (int i = 0; i < 1000; ++i) world.count(exchange("GET", "/a"), private_peer(static_cast<std::uint8_t>(i % 200)));
    world.count(exchange("GET", "/a"));
    const Snapshot snapshot = snapshot_of(world);
    const Operation& operation = snapshot.operations(0);
    std::uint64_t sum = 0;
    for (const Consumer& consumer : operation.consumers()) sum += consumer.uses();
    EXPECT_EQ(sum, 1001U);
    EXPECT_EQ(operation.consumers(operation.consumers_size() - 1).consumer(), "other");
    EXPECT_EQ(operation.consumers(operation.consumers_size() - 2).consumer(), "unknown");
    EXPECT_NEAR(static_cast<double>(operation.distinct_consumers()), 200, 15);
}

TEST(UsageTable, AClientsOperationsHaveNoConsumers) {
    UsageWorld world;
    Exchange called = exchange("GET", "/a");
    called.role = Role::kClient;
    world.count(called, private_peer(1));
    const Snapshot snapshot = snapshot_of(world);
    EXPECT_EQ(snapshot.operations(0).role(), ROLE_CLIENT);
    EXPECT_EQ(snapshot.operations(0).consumers_size(), 0);
    EXPECT_EQ(snapshot.operations(0).distinct_consumers(), 0U);
}

}  // namespace
}  // namespace footfall
