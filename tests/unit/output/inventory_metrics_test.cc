#include "output/prometheus/inventory_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/output/example_functions.h"
#include "tests/unit/output/metric_samples.h"

namespace footfall {
namespace {

using testing::Pair;
using testing::UnorderedElementsAre;

TEST(InventoryMetrics, AllStatesAreThereAndAddUpToTheInventory) {
    std::vector<io::prometheus::client::MetricFamily> families;
    add_inventory(compare_inventory(example_snapshot(), plain_list("GET /orders/{id}\nGET /gone\nGET /lost\nlibz!crc32")),
                  families);
    EXPECT_THAT(samples(families, "footfall_inventory_operations"),
                UnorderedElementsAre(Pair("used", 1), Pair("unused", 2), Pair("unclear", 0), Pair("not_watched", 1)));
    families.clear();
    add_inventory(compare_inventory(example_snapshot(), {}), families);
    EXPECT_THAT(samples(families, "footfall_inventory_operations"),
                UnorderedElementsAre(Pair("used", 0), Pair("unused", 0), Pair("unclear", 0), Pair("not_watched", 0)));
}

TEST(InventoryMetrics, FeaturesAreTheirOwnMetricAndOtherIsExact) {
    const Features features{{"orders", {{"http", "GET /orders/*", ""}}, ""},
                            {"reading", {{"http", "GET *", ""}}, ""},
                            {"fax", {{"http", "POST /fax", ""}}, ""},
                            {"unwatched", {{"function", "send_fax", ""}}, ""}};
    std::vector<io::prometheus::client::MetricFamily> families;
    add_features(compare_features(example_snapshot(), features), families);
    EXPECT_THAT(samples(families, "footfall_feature_uses_total"),
                UnorderedElementsAre(Pair("nginx server orders", 1'003), Pair("nginx server reading", 1'003),
                                     Pair("shop client other", 251), Pair("fax", 0)));
    EXPECT_EQ(samples(families, "footfall_feature_last_seen_timestamp_seconds").count("fax"), 0U);
    EXPECT_EQ(samples(families, "footfall_feature_last_seen_timestamp_seconds").size(), 3U);
}

}  // namespace
}  // namespace footfall
