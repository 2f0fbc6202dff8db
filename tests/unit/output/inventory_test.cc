#include "output/session/inventory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output/session/merge_sessions.h"
#include "output/table/inventory_text.h"
#include "tests/unit/output/example_functions.h"

namespace footfall {
namespace {

using testing::HasSubstr;
using testing::Not;

Snapshot both_kinds() {
    return merge_sessions({example_snapshot(), functions_session({.path = "/usr/lib/libshop.so.2"},
                                                                 {{"shop::buy(int)", 16, 3}, {"shop::sell()", 32, 0}})});
}

InventoryState state_of(const Snapshot& snapshot, const std::string& line) {
    const InventoryAnswer answer = compare_inventory(snapshot, line);
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
    EXPECT_EQ(compare_inventory(snapshot, "GET /orders/{id}").lines[0].uses, 2'006U);
}

TEST(Inventory, CommentsEmptyAndRepeatedLinesSayNothing) {
    EXPECT_EQ(compare_inventory(example_snapshot(), "# routes\r\n\r\nGET /a\r\n  GET /a \n\n").lines.size(), 1U);
    EXPECT_TRUE(compare_inventory(Snapshot(), "").lines.empty());
}

TEST(Inventory, PrintsWhatWasNeverUsedWithHowLongThatWasWatched) {
    const std::string list = "GET /orders/{id}\nhttp GET /gone\nfunction libshop.so.2!shop::sell()\nlibz.so!crc32\n";
    EXPECT_EQ(inventory_text(compare_inventory(both_kinds(), list), true, {}),
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
              "USES  USED, AND NOT IN THE LIST\n"
              " 251  http POST /cart\n"
              "   3  function libshop.so.2!shop::buy(int)\n");
}

TEST(Inventory, UsesThatWereNotAllCountedAreALowerBound) {
    Snapshot coverage = functions_session({}, {{"buy", 16, 1}});
    coverage.mutable_function_files(0)->set_coverage(true);
    EXPECT_THAT(inventory_text(compare_inventory(coverage, ""), true, {}), HasSubstr("USES, AT LEAST"));
}

TEST(Inventory, WhatWasFoldedMayHideSomeOfTheList) {
    Snapshot snapshot = example_snapshot();
    snapshot.mutable_operations(0)->set_operation("other");
    const InventoryAnswer answer = compare_inventory(snapshot, "POST /cart");
    EXPECT_EQ(answer.folded_uses, 251U);
    EXPECT_THAT(inventory_text(answer, false, {}), HasSubstr("251 uses are of operations that were not kept"));
    EXPECT_THAT(inventory_text(answer, true, {}), Not(HasSubstr("http other")));
}

}  // namespace
}  // namespace footfall
