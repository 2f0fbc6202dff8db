#include "output/session/merge_sessions.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "output/json/session_json.h"
#include "output/session/operation_totals.h"
#include "output/session/unattributed_cpu.h"
#include "output/table/functions_text.h"
#include "output/table/usage_table_text.h"
#include "tests/unit/output/example_functions.h"

namespace footfall {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t kHour = 3600 * kSecond;

const FunctionUse& named(const FunctionFile& file, const std::string& name) {
    for (const FunctionUse& use : file.functions()) {
        if (use.name() == name) return use;
    }
    ADD_FAILURE() << name;
    return FunctionUse::default_instance();
}

Snapshot example_of_an_hour_later() {
    Snapshot later = example_snapshot();
    later.mutable_session()->set_start_unix_nanos(later.session().start_unix_nanos() + kHour);
    for (Operation& operation : *later.mutable_operations()) {
        operation.set_first_seen_unix_nanos(operation.first_seen_unix_nanos() + kHour);
        operation.set_last_seen_unix_nanos(operation.last_seen_unix_nanos() + kHour);
    }
    return later;
}

TEST(MergeSessions, OneIsAsItWas) {
    EXPECT_TRUE(MessageDifferencer::Equals(merge_sessions({example_snapshot()}), example_snapshot()));
}

TEST(MergeSessions, TheSameSessionTwiceCountsOnce) {
    EXPECT_TRUE(MessageDifferencer::Equals(merge_sessions({example_snapshot(), example_snapshot()}), example_snapshot()));
}

TEST(MergeSessions, NoneIsNothing) { EXPECT_EQ(merge_sessions({}).operations_size(), 0); }

TEST(MergeFunctions, CallsAddUpByBuildIdWhateverThePath) {
    const Snapshot merged = merge_sessions(
        {functions_session({}, {{"buy", 16, 3}, {"sell", 32, 0}}),
         functions_session({.start = kNoon + kHour, .path = "/opt/new/shop"}, {{"buy", 16, 4}, {"sell", 32, 0}})});
    ASSERT_EQ(merged.function_files_size(), 1);
    EXPECT_EQ(named(merged.function_files(0), "buy").calls(), 7U);
    EXPECT_EQ(named(merged.function_files(0), "sell").calls(), 0U);
    EXPECT_EQ(merged.function_files(0).matched(), 2U);
}

TEST(MergeFunctions, BuildsStayApartAndSoDoFilesWithoutABuildId) {
    const Snapshot merged =
        merge_sessions({functions_session({}, {{"buy", 16, 3}}),
                        functions_session({.start = kNoon + kHour, .build_id = "c2"}, {{"buy", 16, 4}}),
                        functions_session({.start = kNoon + 2 * kHour, .build_id = ""}, {{"buy", 16, 5}}),
                        functions_session({.start = kNoon + 3 * kHour, .build_id = ""}, {{"buy", 16, 6}})});
    ASSERT_EQ(merged.function_files_size(), 4);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(merged.function_files(i).functions(0).calls(), static_cast<unsigned>(3 + i));
}

TEST(MergeFunctions, TimeThatOverlapsIsWatchedOnceAndSaidToBe) {
    const Snapshot merged =
        merge_sessions({functions_session({.seconds = 10, .lost = 2}, {{"buy", 16, 0}}),
                        functions_session({.start = kNoon + 6 * kSecond, .seconds = 10, .lost = 3}, {{"buy", 16, 0}}),
                        functions_session({.start = kNoon + 36 * kSecond, .seconds = 4, .host = "web2"}, {{"buy", 16, 0}})});
    const FunctionFile& file = merged.function_files(0);
    EXPECT_EQ(file.watched_nanos(), 20U * kSecond);
    EXPECT_EQ(file.watched().spans_size(), 2);
    EXPECT_EQ(file.watched().sessions(), 3U);
    EXPECT_EQ(file.watched().lost(), 5U);
    EXPECT_EQ(merged.session().merged().overlap_nanos(), 4U * kSecond);
    EXPECT_EQ(merged.session().host(), "web1, web2");
    EXPECT_EQ(functions_text(merged, {.unused = true}, {}),
              "3 sessions, added up\n"
              "sessions of the same host overlap by 4.00s: what was used then may be counted twice\n"
              "\n"
              "/usr/bin/shop  build b1b1b1b1b1b1\n"
              "1 of 100 functions picked: in 20.0s, 0 were called, 1 never\n"
              "20.0s watched of 40.0s (50%) between 2025-11-22 12:00:00 UTC and 2025-11-22 12:00:40 UTC, in 3 sessions, "
              "5 lost\n"
              "  buy\n");
}

TEST(MergeFunctions, TwoHostsAtTheSameTimeDoNotOverlap) {
    const Snapshot merged =
        merge_sessions({functions_session({}, {{"buy", 16, 1}}), functions_session({.host = "web2"}, {{"buy", 16, 1}})});
    EXPECT_EQ(merged.session().merged().overlap_nanos(), 0U);
    EXPECT_EQ(merged.function_files(0).watched_nanos(), 10U * kSecond);
    EXPECT_EQ(named(merged.function_files(0), "buy").calls(), 2U);
}

TEST(MergeFunctions, AFunctionThatNotEverySessionPickedSaysSo) {
    const Snapshot merged = merge_sessions(
        {functions_session({}, {{"buy", 16, 0}}),
         functions_session({.start = kNoon + kHour, .seconds = 5, .lost = 1}, {{"buy", 16, 0}, {"sell", 32, 0}})});
    const FunctionFile& file = merged.function_files(0);
    EXPECT_FALSE(named(file, "buy").has_watched());
    EXPECT_EQ(named(file, "sell").watched().sessions(), 1U);
    EXPECT_EQ(named(file, "sell").watched().lost(), 1U);
    EXPECT_THAT(functions_text(merged, {.unused = true}, {}), HasSubstr("  buy\n  sell  (5.00s watched of 5.00s (100%)"));
}

TEST(MergeFunctions, WhatWasOnlyListedIsNotCalledUnused) {
    Snapshot listed = functions_session({.start = kNoon + kHour}, {{"buy", 16, 0}, {"sell", 32, 0}});
    listed.mutable_function_files(0)->clear_watched();
    listed.mutable_function_files(0)->clear_watched_nanos();
    const Snapshot merged = merge_sessions({listed, functions_session({}, {{"buy", 16, 0}})});
    ASSERT_EQ(merged.function_files(0).functions_size(), 1);
    EXPECT_EQ(merged.function_files(0).functions(0).name(), "buy");
    EXPECT_FALSE(merged.function_files(0).functions(0).has_watched());
}

TEST(MergeFunctions, SeenIsFromTheFirstSessionThatCalledToTheLast) {
    const Snapshot merged = merge_sessions({functions_session({.start = kNoon + 2 * kHour}, {{"buy", 16, 1}}),
                                            functions_session({}, {{"buy", 16, 0}}),
                                            functions_session({.start = kNoon + kHour}, {{"buy", 16, 5}}),
                                            functions_session({.start = kNoon + 3 * kHour}, {{"buy", 16, 0}})});
    const FunctionUse& buy = named(merged.function_files(0), "buy");
    EXPECT_EQ(buy.first_seen_unix_nanos(), kNoon + kHour);
    EXPECT_EQ(buy.last_seen_unix_nanos(), kNoon + 2 * kHour + 10 * kSecond);
    EXPECT_THAT(functions_text(merged, {}, {}), HasSubstr("2025-11-22 13:00  2025-11-22 14:00  buy"));
}

TEST(MergeFunctions, DurationsAddUp) {
    Snapshot first = functions_session({}, {{"buy", 16, 2}});
    *first.mutable_function_files(0)->mutable_functions(0)->mutable_duration() = histogram_of({0.001, 0.002});
    Snapshot second = functions_session({.start = kNoon + kHour}, {{"buy", 16, 1}});
    *second.mutable_function_files(0)->mutable_functions(0)->mutable_duration() = histogram_of({0.5});
    second.mutable_function_files(0)->set_timed(true);
    const Snapshot merged = merge_sessions({first, second});
    const Histogram& duration = named(merged.function_files(0), "buy").duration();
    EXPECT_EQ(duration.count(), 3U);
    EXPECT_DOUBLE_EQ(duration.max(), 0.5);
    EXPECT_DOUBLE_EQ(duration.sum(), 0.503);
    EXPECT_TRUE(merged.function_files(0).timed());
}

TEST(MergeFunctions, CallsThatDidNotReturnAddUpOfThoseThatWereTimed) {
    Snapshot timed = functions_session({}, {{"buy", 16, 5}, {"exit", 32, 1}});
    FunctionFile& file = *timed.mutable_function_files(0);
    file.set_timed(true);
    FunctionUse& buy = *file.mutable_functions(0);
    buy.set_exits(2);
    buy.set_not_returned(2);
    buy.set_left(1);
    buy.set_unmatched(3);
    file.mutable_functions(1)->set_not_timed("nothing returns from it");
    const Snapshot merged = merge_sessions({functions_session({.start = kNoon + kHour}, {{"buy", 16, 90}}), timed, timed});
    const FunctionUse& sum = named(merged.function_files(0), "buy");
    EXPECT_EQ(sum.calls(), 95U) << "the same session counts once";
    EXPECT_EQ(sum.not_returned(), 2U);
    EXPECT_EQ(sum.exits(), 2U);
    const std::string text = functions_text(merged, {.explain = true}, {});
    EXPECT_THAT(text, HasSubstr("NOT RETURNED"));
    EXPECT_THAT(text, HasSubstr("; left at 2 sites, 0 emulated"));
    EXPECT_THAT(text, HasSubstr("1 function is counted, and can't be timed (--explain says why)\n"));
    EXPECT_THAT(text, HasSubstr("3 returns of calls that had begun before are not timed\n"));
    EXPECT_THAT(text, HasSubstr("  exit: not timed: nothing returns from it\n"));
}

Snapshot by_caller(std::int64_t start, const std::string& by, std::uint64_t calls, const std::string& caller) {
    Snapshot session = functions_session({.start = start}, {{"buy", 16, calls + 1}});
    FunctionFile& file = *session.mutable_function_files(0);
    file.set_by(by);
    FunctionPartUse& part = *file.mutable_functions(0)->add_parts();
    part.set_name(caller);
    part.set_calls(calls);
    return session;
}

TEST(MergeFunctions, WhoCalledAddsUpAndTheRestIsOther) {
    const Snapshot merged =
        merge_sessions({by_caller(kNoon, "caller", 2, "cart"), by_caller(kNoon + kHour, "caller", 3, "cart"),
                        by_caller(kNoon + 2 * kHour, "process", 4, "shop (7)")});
    EXPECT_THAT(functions_text(merged, {}, {}),
                AllOf(HasSubstr("5   "), HasSubstr("  by cart\n"), HasSubstr("  by other\n"), Not(HasSubstr("shop (7)"))));
    const auto json = nlohmann::json::parse(session_json(merged));
    const auto& parts = json["function_files"][0]["functions"][0]["parts"];
    EXPECT_EQ(parts[0], (nlohmann::json{{"name", "cart"}, {"calls", 5}}));
    EXPECT_EQ(parts[1], (nlohmann::json{{"name", "other"}, {"calls", 7}}));
    EXPECT_EQ(json["function_files"][0]["parts_by"], "caller");
}

TEST(MergeFunctions, OneThatCountsSomeCallsOnlyMakesTheSumALowerBound) {
    Snapshot coverage = functions_session({}, {{"buy", 16, 1}});
    coverage.mutable_function_files(0)->set_coverage(true);
    const Snapshot merged = merge_sessions({functions_session({.start = kNoon + kHour}, {{"buy", 16, 9}}), coverage});
    EXPECT_TRUE(merged.function_files(0).coverage());
    EXPECT_THAT(functions_text(merged, {}, {}), HasSubstr("CALLS, AT LEAST"));
}

TEST(MergeFunctions, CountedOnceIsBetterThanNotCountedOnce) {
    Snapshot first = functions_session({}, {{"buy", 16, 0}});
    FunctionUse& not_counted = *first.mutable_function_files(0)->mutable_functions(0);
    not_counted.set_not_counted("no place");
    not_counted.clear_instruction();
    const Snapshot merged = merge_sessions({first, functions_session({.start = kNoon + kHour}, {{"buy", 16, 5}})});
    const FunctionUse& buy = named(merged.function_files(0), "buy");
    EXPECT_EQ(buy.not_counted(), "");
    EXPECT_EQ(buy.calls(), 5U);
    EXPECT_EQ(buy.instruction(), "endbr64");
    EXPECT_EQ(buy.watched().sessions(), 1U);
}

TEST(MergeFunctions, CopiesOfAFileInOneSessionAreOneSession) {
    Snapshot both = functions_session({.lost = 2}, {{"buy", 16, 1}});
    *both.add_function_files() = both.function_files(0);
    const Snapshot merged = merge_sessions({both, functions_session({.start = kNoon + kHour}, {{"buy", 16, 1}})});
    ASSERT_EQ(merged.function_files_size(), 1);
    EXPECT_EQ(named(merged.function_files(0), "buy").calls(), 3U);
    EXPECT_EQ(merged.function_files(0).watched().sessions(), 2U);
    EXPECT_EQ(merged.function_files(0).watched().lost(), 2U);
}

TEST(MergeOperations, UsesLatenciesAndBytesAddUp) {
    const Snapshot merged = merge_sessions({example_snapshot(), example_of_an_hour_later()});
    ASSERT_EQ(merged.operations_size(), 2);
    const Operation& orders = *ranked_by_uses(merged).front().operation;
    const Operation before = example_snapshot().operations(1);
    EXPECT_EQ(orders.operation(), "GET /orders/{id}");
    EXPECT_EQ(totals_of(orders).uses, 2'006U);
    EXPECT_EQ(totals_of(orders).errors, 6U);
    EXPECT_EQ(totals_of(orders).latency.count(), 2'006U);
    EXPECT_EQ(orders.bytes_in(), 2 * before.bytes_in());
    EXPECT_EQ(orders.time_to_first_byte().count(), 2'006U);
    EXPECT_EQ(orders.consumers(0).uses(), 1'800U);
    EXPECT_EQ(orders.distinct_consumers(), before.distinct_consumers());
    EXPECT_EQ(orders.first_seen_unix_nanos(), before.first_seen_unix_nanos());
    EXPECT_EQ(orders.last_seen_unix_nanos(), before.last_seen_unix_nanos() + kHour);
}

TEST(MergeOperations, CostsAddUpAndSoDoesWhatIsUnattributed) {
    const Snapshot merged = merge_sessions({example_snapshot(), example_of_an_hour_later()});
    const OperationCost& cost = ranked_by_uses(merged).at(0).operation->cost();
    EXPECT_EQ(cost.uses(), 2'000U);
    EXPECT_EQ(cost.cpu_nanos(), 824'000'000U);
    EXPECT_EQ(cost.off_cpu_nanos(), 1'200'000'000U);
    EXPECT_EQ(cost.queued_nanos(), 50'000'000U);
    ASSERT_EQ(unattributed_cpu(merged).size(), 1U);
    EXPECT_EQ(unattributed_cpu(merged).at(0).nanoseconds, 176'000'000U);
}

TEST(MergeOperations, ThoseOfOtherServicesRolesAndKindsStayApart) {
    Snapshot other = example_of_an_hour_later();
    other.mutable_operations(0)->set_service("shop2");
    other.mutable_operations(1)->set_role(ROLE_CLIENT);
    EXPECT_EQ(merge_sessions({example_snapshot(), other}).operations_size(), 4);
}

TEST(MergeSessions, TheAccountingLawHoldsOfTheSum) {
    const Accounting sum = merge_sessions({example_snapshot(), example_of_an_hour_later()}).accounting();
    EXPECT_EQ(sum.received(), 2 * 12'345U);
    EXPECT_EQ(sum.received(), sum.exported() + lost_events(sum));
    EXPECT_EQ(sum.exchanges_lost().at("unfinished"), 4U);
}

TEST(MergeSessions, RatesAreOfTheTimeThatWasWatched) {
    const Snapshot merged = merge_sessions({example_snapshot(), example_of_an_hour_later()});
    EXPECT_EQ(merged.session().duration_nanos(), 20U * kSecond);
    EXPECT_EQ(merged.session().merged().sessions(), 2U);
    EXPECT_EQ(merged.session().merged().operations().lost(), 2U * (10 + 2));
    EXPECT_THAT(usage_table_text(merged, {}), HasSubstr("20.0s on web1"));
    EXPECT_THAT(usage_table_text(merged, {}), HasSubstr("\n2 sessions, added up\n"));
    EXPECT_THAT(usage_table_text(merged, {}), Not(HasSubstr("overlap")));
}

TEST(MergeSessions, ASessionOfFunctionsWatchesNoOperations) {
    const Snapshot merged = merge_sessions({example_snapshot(), functions_session({}, {{"buy", 16, 1}})});
    EXPECT_EQ(merged.session().merged().operations().sessions(), 1U);
    EXPECT_EQ(watched_nanos(watched_operations(merged)), 10U * kSecond);
}

TEST(MergeSessions, TheWholeHostHoldsEveryOtherTarget) {
    Snapshot whole = example_of_an_hour_later();
    whole.mutable_session()->clear_target();
    EXPECT_TRUE(merge_sessions({example_snapshot(), whole}).session().target().empty());
    EXPECT_THAT(merge_sessions({example_snapshot(), example_of_an_hour_later()}).session().target(),
                testing::ElementsAre("--unit", "nginx"));
}

TEST(Watched, DamagedTimesAreNoCrash) {
    const Watched far = watched_by_one(std::numeric_limits<std::int64_t>::max() - 5, ~std::uint64_t{0}, 0);
    EXPECT_EQ(watched_nanos(far), 5U);
    const Watched early = watched_by_one(-7, 7, 0);
    EXPECT_EQ(watched_nanos(early), 7U);
    Watched backwards;
    backwards.add_spans()->set_start_unix_nanos(9);
    EXPECT_EQ(watched_nanos(backwards), 0U);
    add_watched(backwards, far);
    EXPECT_EQ(watched_nanos(backwards), 5U);
}

}  // namespace
}  // namespace footfall
