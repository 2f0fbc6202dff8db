// Functions that are counted, and the time that sampled stacks give them.
#include "output/session/functions_in_stacks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output/json/functions_json.h"
#include "output/table/functions_text.h"
#include "tests/unit/output/example_stacks.h"

namespace footfall {
namespace {

using testing::ContainsRegex;

FunctionUse& add_function(FunctionFile& file, const std::string& name, std::uint64_t calls) {
    FunctionUse& use = *file.add_functions();
    use.set_name(name);
    use.set_calls(calls);
    return use;
}

// main() runs for 1 s, of which 0.6 s in serve(), which calls itself.
Snapshot shop(bool coverage) {
    Snapshot snapshot;
    FunctionFile& file = *snapshot.add_function_files();
    file.set_path("/opt/shop");
    file.set_coverage(coverage);
    file.set_watched_nanos(1'000'000'000);
    add_function(file, "serve", 8);
    add_function(file, "run", 0).add_aliases("main");
    add_function(file, "stop", 0);
    StackWriter to(*snapshot.mutable_stacks());
    const std::uint32_t shop = to.module("/opt/shop");
    const std::uint32_t serve = to.location(shop, 1, {{"parse"}, {"serve"}});
    const std::uint32_t again = to.location(shop, 2, {{"serve"}});
    const std::uint32_t main = to.location(shop, 3, {{"main"}});
    const std::uint32_t stop = to.location(to.module("/opt/other"), 4, {{"stop"}});
    to.sample("shop", "shop", {serve, again, main}, 6, 600'000'000);
    to.sample("shop", "shop", {main}, 4, 400'000'000);
    to.sample("shop", "shop", {stop}, 4, 400'000'000);
    to.sample("shop", "shop", {main}, 4, 400'000'000).set_state(STACK_BLOCKED);
    return snapshot;
}

TEST(FunctionsInStacks, HaveTheirTime) {
    Snapshot snapshot = shop(false);
    join_with_stacks(snapshot);
    const FunctionFile& file = snapshot.function_files(0);
    EXPECT_EQ(file.functions(0).self_nanos(), 600'000'000U) << "what is inlined is the function's own";
    EXPECT_EQ(file.functions(0).total_nanos(), 600'000'000U) << "recursion counts once";
    EXPECT_EQ(file.functions(1).self_nanos(), 400'000'000U) << "by an alias, and not while it waits";
    EXPECT_EQ(file.functions(1).total_nanos(), 1'000'000'000U);
    EXPECT_EQ(file.functions(1).calls(), 0U) << "it was called before: counted calls stay what they are";
    EXPECT_EQ(file.functions(2).total_nanos(), 0U) << "that one is of another file";
}

TEST(FunctionsInStacks, AreUsedUnderCoverageThoughNoCallWasSeen) {
    Snapshot snapshot = shop(true);
    join_with_stacks(snapshot);
    EXPECT_EQ(snapshot.function_files(0).functions(1).calls(), 1U);
    EXPECT_EQ(snapshot.function_files(0).functions(2).calls(), 0U);
}

TEST(FunctionsInStacks, OfOneNameAreToldApartByAddress) {
    Snapshot snapshot = shop(true);
    FunctionFile& file = *snapshot.mutable_function_files(0);
    file.mutable_functions(0)->set_address(1);
    FunctionUse& other = *file.add_functions();
    other.set_name("serve");
    other.set_address(100);
    join_with_stacks(snapshot);
    EXPECT_EQ(file.functions(0).total_nanos(), 600'000'000U);
    EXPECT_EQ(file.functions(3).total_nanos(), 0U);
    EXPECT_EQ(file.functions(3).calls(), 0U) << "no stack shows this one";
}

TEST(FunctionsInStacks, ThatRanAreNotAmongTheUnused) {
    Snapshot snapshot = shop(false);
    join_with_stacks(snapshot);
    const std::string text = functions_text(snapshot, {.unused = true}, {});
    EXPECT_THAT(text, testing::HasSubstr("  stop\n"));
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("  run, main\n")));
    EXPECT_THAT(text, testing::HasSubstr("1 never, 1 ran that had been called before"));
}

TEST(FunctionsInStacks, ShowIt) {
    Snapshot snapshot = shop(false);
    join_with_stacks(snapshot);
    EXPECT_THAT(functions_text(snapshot, {}, {}), ContainsRegex("CPU +FUNCTION\n +8 +8[.]0 +600ms +serve"));
    const auto json = functions_json(snapshot);
    EXPECT_EQ(json[0]["functions"][0]["cpu_seconds"], 0.6);
    EXPECT_EQ(json[0]["functions"][0]["cpu_seconds_with_callees"], 0.6);
}

TEST(FunctionsInStacks, WithoutStacksNothingChanges) {
    Snapshot snapshot = shop(true);
    snapshot.clear_stacks();
    join_with_stacks(snapshot);
    EXPECT_EQ(snapshot.function_files(0).functions(1).calls(), 0U);
    EXPECT_THAT(functions_text(snapshot, {}, {}), testing::Not(testing::HasSubstr("CPU")));
}

}  // namespace
}  // namespace footfall
