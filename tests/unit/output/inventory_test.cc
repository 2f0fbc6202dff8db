#include "output/session/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "output/session/merge_sessions.h"
#include "output/table/inventory_text.h"
#include "tests/unit/output/example_functions.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Snapshot both_kinds() {
    return merge_sessions({example_snapshot(), functions_session({.path = "/usr/lib/libshop.so.2"},
                                                                 {{"shop::buy(int)", 16, 3}, {"shop::sell()", 32, 0}})});
}

InventoryState state_of(const Snapshot& snapshot, const std::string& line) {
    const InventoryAnswer answer = compare_inventory(snapshot, plain_list(line));
    EXPECT_EQ(answer.lines.size(), 1U);
    return answer.lines.front().state;
}

TEST(Inventory, ALineMayNameItsKindOrNot) {
    for (const char* line : {"http GET /orders/{id}", "GET /orders/{id}", "function libshop.so.2!shop::buy(int)",
                             "libshop.so.2!shop::buy(int)", "function shop::buy(int)", "shop::buy(int)"}) {
        EXPECT_EQ(state_of(both_kinds(), line), InventoryState::kUsed) << line;
    }
    for (const char* line : {"redis GET /orders/{id}", "http GET /gone", "GET /gone", "libshop.so.2!shop::sell()"}) {
        EXPECT_EQ(state_of(both_kinds(), line), InventoryState::kUnused) << line;
    }
}

TEST(Inventory, WhatNobodyWatchedIsNotCalledUnused) {
    EXPECT_EQ(state_of(both_kinds(), "function libshop.so.2!shop::lend()"), InventoryState::kNotWatched);
    EXPECT_EQ(state_of(both_kinds(), "libz.so!crc32"), InventoryState::kNotWatched);
    EXPECT_EQ(state_of(functions_session({}, {{"buy", 16, 0}}), "GET /gone"), InventoryState::kNotWatched);
    EXPECT_EQ(state_of(functions_session({}, {{"buy", 16, 0}}), "buy"), InventoryState::kUnused);
}

TEST(Inventory, UsesOfAllServicesAndRolesAddUp) {
    Snapshot snapshot = example_snapshot();
    Operation client = snapshot.operations(1);
    client.set_role(ROLE_CLIENT);
    *snapshot.add_operations() = client;
    EXPECT_EQ(compare_inventory(snapshot, plain_list("GET /orders/{id}")).lines[0].uses, 2'006U);
}

TEST(Inventory, CommentsEmptyAndRepeatedLinesSayNothing) {
    EXPECT_EQ(compare_inventory(example_snapshot(), plain_list("# routes\r\n\r\nGET /a\r\n  GET /a \n\n")).lines.size(), 1U);
    EXPECT_TRUE(compare_inventory(Snapshot(), plain_list("")).lines.empty());
}

TEST(Inventory, PrintsWhatWasNeverUsedWithHowLongThatWasWatched) {
    const std::string list = "GET /orders/{id}\nhttp GET /gone\nfunction libshop.so.2!shop::sell()\nlibz.so!crc32\n";
    EXPECT_EQ(inventory_text(compare_inventory(both_kinds(), plain_list(list)), {.unlisted = true}, {}),
              "4 in the list: 1 used, 2 never, 1 not watched\n"
              "\n"
              "never used, 10.0s watched of 10.0s (100%) between 2025-11-22 12:00:00 UTC and 2025-11-22 12:00:10 UTC, in 1 "
              "session, 0 lost\n"
              "  function libshop.so.2!shop::sell()\n"
              "\n"
              "never used, 10.0s watched of 10.0s (100%) between 2025-11-22 17:53:00 UTC and 2025-11-22 17:53:10 UTC, in 1 "
              "session, 12 lost\n"
              "  http GET /gone\n"
              "\n"
              "not watched, so nothing is known of their use\n"
              "  libz.so!crc32\n"
              "\n"
              " USES  FIRST SEEN        LAST SEEN         USED\n"
              "1,003  2025-11-22 17:53  2025-11-22 17:53  GET /orders/{id}\n"
              "\n"
              "USES  USED, AND NOT IN THE LIST\n"
              " 251  http POST /cart\n"
              "   3  function libshop.so.2!shop::buy(int)\n");
}

TEST(Inventory, UsesThatWereNotAllCountedAreALowerBound) {
    Snapshot coverage = functions_session({}, {{"buy", 16, 1}});
    coverage.mutable_function_files(0)->set_coverage(true);
    EXPECT_THAT(inventory_text(compare_inventory(coverage, plain_list("")), {.unlisted = true}, {}),
                HasSubstr("USES, AT LEAST"));
}

TEST(Inventory, WhatWasFoldedMayHideSomeOfTheList) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(0)->set_operation("other");
    const InventoryAnswer answer = compare_inventory(snapshot, plain_list("POST /cart"));
    EXPECT_EQ(answer.folded_uses, 251U);
    EXPECT_THAT(inventory_text(answer, {}, {}), HasSubstr("251 uses are of operations that were not kept"));
    EXPECT_THAT(inventory_text(answer, {.unlisted = true}, {}), Not(HasSubstr("251  http other")));
    EXPECT_EQ(answer.lines[0].state, InventoryState::kUnclear);
    EXPECT_EQ(answer.lines[0].perhaps_in, "http other");
    EXPECT_EQ(compare_inventory(snapshot, plain_list("redis GET")).lines[0].state, InventoryState::kUnused);
}

InventoryItem route(const std::string& method, const std::vector<std::string>& names) {
    return {"http " + method + " " + names.front(), InventoryItem::Means::kRoute, method, names, {}};
}

InventoryItem table(const std::string& name) { return {"table " + name, InventoryItem::Means::kTable, {}, {name}, {}}; }

// "SELECT orders" of a database, or a route.
Snapshot uses_of(const std::vector<std::array<std::string, 3>>& operations) {
    Snapshot snapshot = example_snapshot();
    snapshot.clear_operations();
    for (const auto& [kind, method, target] : operations) {
        Operation& operation = *snapshot.add_operations();
        operation = http_operation("shop", ROLE_SERVER, method, target);
        operation.set_kind(kind);
        *operation.add_outcomes() = outcome_of("ok", "", {0.1});
    }
    return snapshot;
}

std::vector<InventoryState> states_of(const Snapshot& snapshot, std::vector<InventoryItem> items) {
    std::vector<InventoryState> states;
    for (const InventoryLine& line : compare_inventory(snapshot, {std::move(items)}).lines) states.push_back(line.state);
    return states;
}

constexpr auto kUsed = InventoryState::kUsed;
constexpr auto kUnused = InventoryState::kUnused;
constexpr auto kUnclear = InventoryState::kUnclear;

TEST(Inventory, ARouteIsFoundUnderEachPrefixAndWithoutAny) {
    const std::vector<InventoryItem> items{
        route("GET", {"/v1/orders/{orderId}", "/v2/orders/{orderId}", "/orders/{orderId}"})};
    for (const char* used : {"/v1/orders/{id}", "/v2/orders/{uuid}", "/orders/x"})
        EXPECT_THAT(states_of(uses_of({{"http", "GET", used}}), items), ElementsAre(kUsed)) << used;
    EXPECT_THAT(states_of(uses_of({{"http", "PUT", "/v1/orders/{id}"}}), items), ElementsAre(kUnused));
    EXPECT_THAT(states_of(uses_of({{"http", "GET", "/v3/orders/{id}"}}), items), ElementsAre(kUnused));
}

TEST(Inventory, AUseBelongsToTheRouteThatIsClosestToIt) {
    const std::vector<InventoryItem> items{route("GET", {"/users/{user}"}), route("GET", {"/users/me"})};
    EXPECT_THAT(states_of(uses_of({{"http", "GET", "/users/me"}}), items), ElementsAre(kUnused, kUsed));
    EXPECT_THAT(states_of(uses_of({{"http", "GET", "/users/{id}"}}), items), ElementsAre(kUsed, kUnused));
    const InventoryAnswer folded = compare_inventory(uses_of({{"http", "GET", "/users/{value}"}}), {items});
    EXPECT_EQ(folded.lines[1].state, kUnclear);
    EXPECT_EQ(folded.lines[1].perhaps_in, "http GET /users/{value}");
    EXPECT_TRUE(folded.unlisted.empty());
}

TEST(Inventory, ATableIsFoundByTheNameThatTheStatementHas) {
    const std::vector<InventoryItem> items{table("public.orders"), table("audit.orders"), table("carts")};
    EXPECT_THAT(states_of(uses_of({{"postgresql", "SELECT", "audit.orders"}}), items), ElementsAre(kUnused, kUsed, kUnused));
    EXPECT_THAT(states_of(uses_of({{"postgresql", "SELECT", "orders"}}), items), ElementsAre(kUnclear, kUnclear, kUnused));
    EXPECT_THAT(states_of(uses_of({{"mysql", "INSERT", "shop.carts"}}), items), ElementsAre(kUnused, kUnused, kUsed));
    EXPECT_THAT(states_of(uses_of({{"redis", "GET", "carts"}}), items), ElementsAre(kUnused, kUnused, kUnused));
    EXPECT_THAT(states_of(uses_of({{"postgresql", "EXECUTE", "{unknown}"}}), items),
                ElementsAre(kUnclear, kUnclear, kUnclear));
}

TEST(Inventory, OfATableItIsSaidThatOnlyTheFirstOfAStatementIsKnown) {
    const InventoryAnswer answer = compare_inventory(uses_of({}), {{table("carts")}});
    EXPECT_THAT(inventory_text(answer, {}, {}),
                HasSubstr("never the first table of a statement (of others nothing is known)"));
}

TEST(Inventory, UnusedLeavesOutWhatWasUsed) {
    const InventoryAnswer answer = compare_inventory(both_kinds(), plain_list("GET /orders/{id}\nGET /gone"));
    EXPECT_THAT(inventory_text(answer, {.unused = true}, {}), Not(HasSubstr("/orders")));
}

}  // namespace
}  // namespace footfall
