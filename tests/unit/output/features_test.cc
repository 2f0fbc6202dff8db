#include "output/session/features.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "output/json/session_json.h"
#include "output/session/merge_sessions.h"
#include "output/session/operation_totals.h"
#include "output/table/features_text.h"
#include "tests/unit/output/example_functions.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Features kShop{{"checkout", {{"http", "POST /cart", ""}, {"function", "shop::buy*", "libshop.so*"}}, "f.yaml:1"},
                     {"orders", {{"http", "GET /orders/{order}", ""}}, "f.yaml:2"},
                     {"all", {{"http", "* /*", ""}}, "f.yaml:3"},
                     {"fax", {{"http", "POST /fax", ""}}, "f.yaml:4"},
                     {"selling", {{"function", "shop::sell", ""}}, "f.yaml:5"},
                     {"lending", {{"function", "shop::lend", ""}}, "f.yaml:6"}};

Snapshot both_kinds() {
    return merge_sessions({example_snapshot(), functions_session({.path = "/usr/lib/libshop.so.2"},
                                                                 {{"shop::buy(int)", 16, 3}, {"shop::sell()", 32, 0}})});
}

std::map<std::string, std::uint64_t> uses_by_row(const FeatureUses& uses) {
    std::map<std::string, std::uint64_t> out;
    for (const Operation& row : uses.rows)
        out[row.service() + "/" + std::string(role_name(row.role())) + "/" + row.operation()] += totals_of(row).uses;
    return out;
}

TEST(Features, UsesAreThoseOfAllOperationsAndFunctionsOfTheFeature) {
    const FeatureUses uses = compare_features(both_kinds(), kShop);
    ASSERT_EQ(uses.features.size(), 6U);
    EXPECT_EQ(uses.features[0].line.uses, 254U);
    EXPECT_THAT(uses.features[0].operations, ElementsAre("function libshop.so.2!shop::buy(int)", "http POST /cart"));
    EXPECT_EQ(uses.features[1].line.uses, 1'003U);
    EXPECT_EQ(uses.features[2].line.uses, 1'254U);
}

TEST(Features, WhatHasNoUseIsUnusedOnlyIfAllOfItWasWatched) {
    const FeatureUses uses = compare_features(both_kinds(), kShop);
    EXPECT_EQ(uses.features[3].line.state, InventoryState::kUnused);
    EXPECT_EQ(uses.features[4].line.state, InventoryState::kUnused);
    EXPECT_EQ(uses.features[5].line.state, InventoryState::kNotWatched);
    const Features half{{"half", {{"http", "POST /fax", ""}, {"function", "shop::lend", ""}}, ""}};
    EXPECT_EQ(compare_features(both_kinds(), half).features[0].line.state, InventoryState::kNotWatched);
}

TEST(Features, UsesUnderNoNameMakeItUnclear) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(0)->set_operation("other");
    const FeatureUses uses = compare_features(snapshot, kShop);
    EXPECT_EQ(uses.features[3].line.state, InventoryState::kUnclear);
    EXPECT_EQ(uses.features[3].line.perhaps_in, "http other");
}

TEST(Features, ARouteThatMayBeHiddenMakesItUnclear) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(1)->set_operation("GET /users/{value}");
    snapshot.mutable_operations(1)->set_route("/users/{value}");
    const FeatureUses uses = compare_features(snapshot, {{"own", {{"http", "GET /users/me", ""}}, ""}});
    EXPECT_EQ(uses.features[0].line.state, InventoryState::kUnclear);
    EXPECT_EQ(uses.features[0].line.perhaps_in, "http GET /users/{value}");
}

TEST(Features, WhatBelongsToNoneIsOtherExactly) {
    const auto rows = uses_by_row(compare_features(both_kinds(), {kShop[1]}));
    EXPECT_EQ(rows, (std::map<std::string, std::uint64_t>{
                        {"libshop.so.2//other", 3}, {"nginx/server/orders", 1'003}, {"shop/client/other", 251}}));
}

TEST(Features, TableHasOneRowForEachFeatureServiceAndRole) {
    const Snapshot snapshot = both_kinds();
    const std::string text = features_text(snapshot, compare_features(snapshot, kShop), false, {});
    EXPECT_THAT(text, HasSubstr("nginx         server  feature  orders"));
    EXPECT_THAT(text, HasSubstr("6 features: 3 used, 2 never, 1 not watched\n"));
    EXPECT_THAT(text, HasSubstr("  fax\n"));
    EXPECT_THAT(features_text(snapshot, compare_features(snapshot, kShop), true, {}), Not(HasSubstr("orders")));
}

TEST(Features, JsonHasThemBesideTheOperations) {
    const Snapshot snapshot = both_kinds();
    const FeatureUses uses = compare_features(snapshot, kShop);
    const auto json = nlohmann::json::parse(session_json(snapshot, {nullptr, &uses}));
    EXPECT_EQ(json["operations"].size(), 2U);
    EXPECT_EQ(json["features"][1]["feature"], "orders");
    EXPECT_EQ(json["features"][1]["uses"], 1'003);
    EXPECT_EQ(json["features"][1]["services"][0]["errors"], 3);
    EXPECT_EQ(json["features"][3]["state"], "unused");
    EXPECT_EQ(json["features"][3]["place"], "f.yaml:4");
    EXPECT_EQ(json["no_feature"].size(), 0U);
}

}  // namespace
}  // namespace footfall
