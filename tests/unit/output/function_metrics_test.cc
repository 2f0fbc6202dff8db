#include "output/prometheus/function_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/output/example_functions.h"
#include "tests/unit/output/metric_samples.h"

namespace footfall {
namespace {

using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

std::vector<io::prometheus::client::MetricFamily> families_of(FunctionMetrics& metrics, const Snapshot& snapshot) {
    std::vector<io::prometheus::client::MetricFamily> families;
    metrics.add(snapshot, families);
    return families;
}

TEST(FunctionMetrics, CallsAreCountedByFileAndStatesAddUpToWhatWasPicked) {
    Snapshot snapshot = functions_session({.build_id = "b1"}, {{"order", 1, 3}, {"pay", 2, 0}, {"refund", 3, 0}});
    snapshot.mutable_function_files(0)->mutable_functions(2)->set_not_counted("data in its code");
    FunctionMetrics metrics(10);
    const auto families = families_of(metrics, snapshot);
    EXPECT_THAT(samples(families, "footfall_function_calls_total"), UnorderedElementsAre(Pair("/usr/bin/shop b1 order", 3)));
    EXPECT_THAT(samples(families, "footfall_functions"),
                UnorderedElementsAre(Pair("/usr/bin/shop b1 used", 1), Pair("/usr/bin/shop b1 unused", 1),
                                     Pair("/usr/bin/shop b1 hot", 0), Pair("/usr/bin/shop b1 not_counted", 1)));
}

TEST(FunctionMetrics, WhatIsNotCountedOnHasNoNumberThatWouldStandStill) {
    Snapshot snapshot = functions_session({.build_id = "b1"}, {{"order", 1, 3}, {"strlen", 2, 900'000}});
    snapshot.mutable_function_files(0)->mutable_functions(1)->set_hot(true);
    FunctionMetrics metrics(10);
    const auto families = families_of(metrics, snapshot);
    EXPECT_THAT(samples(families, "footfall_function_calls_total"), UnorderedElementsAre(Pair("/usr/bin/shop b1 order", 3)));
    EXPECT_THAT(samples(families, "footfall_functions"),
                UnorderedElementsAre(Pair("/usr/bin/shop b1 used", 1), Pair("/usr/bin/shop b1 unused", 0),
                                     Pair("/usr/bin/shop b1 hot", 1), Pair("/usr/bin/shop b1 not_counted", 0)));
}

TEST(FunctionMetrics, BeyondTheLimitCallsAreOthersAndNoCounterEverFalls) {
    FunctionMetrics metrics(2);
    const FunctionSession shop{.build_id = "b1"};
    EXPECT_THAT(samples(families_of(metrics, functions_session(shop, {{"a", 1, 0}, {"b", 2, 5}, {"c", 3, 7}, {"d", 4, 1}})),
                        "footfall_function_calls_total"),
                UnorderedElementsAre(Pair("/usr/bin/shop b1 b", 5), Pair("/usr/bin/shop b1 c", 7),
                                     Pair("/usr/bin/shop b1 other", 1)));
    EXPECT_THAT(samples(families_of(metrics, functions_session(shop, {{"a", 1, 9}, {"b", 2, 6}, {"c", 3, 7}, {"d", 4, 2}})),
                        "footfall_function_calls_total"),
                UnorderedElementsAre(Pair("/usr/bin/shop b1 b", 6), Pair("/usr/bin/shop b1 c", 7),
                                     Pair("/usr/bin/shop b1 other", 11)));
}

TEST(FunctionMetrics, CoverageKnowsNoNumberOfCalls) {
    Snapshot snapshot = functions_session({.build_id = "b1"}, {{"order", 1, 3}, {"pay", 2, 0}});
    snapshot.mutable_function_files(0)->set_coverage(true);
    FunctionMetrics metrics(10);
    const auto families = families_of(metrics, snapshot);
    EXPECT_THAT(samples(families, "footfall_function_calls_total"), IsEmpty());
    EXPECT_THAT(samples(families, "footfall_functions"),
                UnorderedElementsAre(Pair("/usr/bin/shop b1 used", 1), Pair("/usr/bin/shop b1 unused", 1),
                                     Pair("/usr/bin/shop b1 hot", 0), Pair("/usr/bin/shop b1 not_counted", 0)));
}

TEST(FunctionMetrics, DurationsAreThereWhereCallsAreTimed) {
    Snapshot snapshot = functions_session({.build_id = "b1"}, {{"order", 1, 3}, {"pay", 2, 1}});
    snapshot.mutable_function_files(0)->mutable_functions(0)->mutable_duration()->set_count(3);
    FunctionMetrics metrics(10);
    for (const auto& family : families_of(metrics, snapshot)) {
        if (family.name() != "footfall_function_duration_seconds") continue;
        ASSERT_EQ(family.metric_size(), 1);
        EXPECT_EQ(family.metric(0).histogram().sample_count(), 3U);
        return;
    }
    FAIL() << "no durations";
}

}  // namespace
}  // namespace footfall
