// Stacks with which functions were called, in the formats of stacks: by calls, not by time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "output/flamegraph/flame_data.h"
#include "output/folded/folded_stacks.h"
#include "output/json/stacks_json.h"
#include "output/stacks/call_chains.h"
#include "output/table/functions_text.h"
#include "tests/unit/output/example_stacks.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// place_order() is called by two, more often by serve(); pay() by serve() alone.
Snapshot shop() {
    Snapshot snapshot;
    FunctionFile& file = *snapshot.add_function_files();
    file.set_path("/opt/shop");
    file.set_watched_nanos(1'000'000'000);
    for (const auto& [name, calls] : {std::pair{"place_order", 40}, std::pair{"pay", 5}}) {
        FunctionUse& use = *file.add_functions();
        use.set_name(name);
        use.set_calls(static_cast<std::uint64_t>(calls));
    }
    StackWriter to(*snapshot.mutable_call_stacks());
    const std::uint32_t shop = to.module("/opt/shop");
    const std::uint32_t place = to.location(shop, 1, {{"place_order"}});
    const std::uint32_t pay = to.location(shop, 2, {{"pay"}});
    const std::uint32_t serve = to.location(shop, 3, {{"serve"}});
    const std::uint32_t import = to.location(shop, 4, {{"import"}});
    const std::uint32_t main = to.location(shop, 5, {{"main"}});
    const auto called = [&](const char* name, std::initializer_list<std::uint32_t> locations, std::uint64_t calls) {
        StackSample& sample = to.sample("shop", "worker", locations, calls, 0);
        sample.set_state(STACK_CALLED);
        sample.set_called(to.text(name));
    };
    called("place_order", {place, serve, main}, 30);
    called("place_order", {place, import, main}, 10);
    called("pay", {pay, serve, main}, 5);
    return snapshot;
}

TEST(CallStacks, SayFromWhereMostCallsCame) {
    const Snapshot snapshot = shop();
    const FunctionFile& file = snapshot.function_files(0);
    const auto chains = CallChains(snapshot).of(file.functions(0), 5);
    ASSERT_EQ(chains.size(), 2U);
    EXPECT_THAT(chains[0].callers, ElementsAre("serve", "main"));
    EXPECT_EQ(chains[0].calls, 30U);
    EXPECT_EQ(chains[0].of, 40U);
    EXPECT_THAT(chains[1].callers, ElementsAre("import", "main"));
    EXPECT_EQ(CallChains(snapshot).of(file.functions(0), 1).size(), 1U);
}

TEST(CallStacks, OfAnotherFileSayNothing) {
    Snapshot snapshot = shop();
    snapshot.mutable_function_files(0)->set_path("/opt/other");
    EXPECT_TRUE(CallChains(snapshot).of(snapshot.function_files(0).functions(0), 5).empty());
}

TEST(CallStacks, OfTheSameBuildUnderAnotherPathAreItsOwn) {
    Snapshot snapshot = shop();
    FunctionFile& file = *snapshot.mutable_function_files(0);
    file.set_path("/proc/7/root/opt/shop");
    file.set_build_id("c0ffee");
    Stacks& stacks = *snapshot.mutable_call_stacks();
    stacks.add_strings("c0ffee");
    stacks.mutable_modules(1)->set_build_id(static_cast<std::uint32_t>(stacks.strings_size()) - 1);
    EXPECT_EQ(CallChains(snapshot).of(file.functions(0), 5).size(), 2U);
}

TEST(CallStacks, SayWhereTheWalkEndedBeforeItsTime) {
    Snapshot snapshot = shop();
    Stacks& stacks = *snapshot.mutable_call_stacks();
    stacks.add_strings("no_rule");
    StackSample& sample = *stacks.mutable_samples(0);
    sample.mutable_locations()->Truncate(1);
    sample.set_stop(static_cast<std::uint32_t>(stacks.strings_size()) - 1);
    const auto chains = CallChains(snapshot).of(snapshot.function_files(0).functions(0), 5);
    ASSERT_FALSE(chains.empty());
    EXPECT_THAT(chains[0].callers, ElementsAre("[no_rule]"));
}

TEST(CallStacks, StandBelowTheirFunctions) {
    const std::string text = functions_text(shop(), {}, {});
    EXPECT_THAT(text, HasSubstr("75%             from serve < main"));
    EXPECT_THAT(text, HasSubstr("25%             from import < main"));
}

TEST(CallStacks, AreFoldedByCalls) {
    EXPECT_THAT(folded_stacks(shop().call_stacks()).value(), HasSubstr("shop;worker;main;serve;place_order 30\n"));
}

TEST(CallStacks, AreCallsInTheFlameGraph) {
    Snapshot snapshot = shop();
    snapshot.mutable_stacks()->Swap(snapshot.mutable_call_stacks());
    EXPECT_THAT(flame_data_json(snapshot, nullptr).value(), HasSubstr(R"("unit":"calls")"));
}

TEST(CallStacks, NameTheirFunctionInJson) {
    const auto json = stacks_json(shop().call_stacks());
    EXPECT_EQ(json["samples"][0]["function"], "place_order");
    EXPECT_EQ(json["samples"][0]["state"], "called");
    EXPECT_EQ(json["samples"][0]["samples"], 30);
}

TEST(CallStacks, OfADamagedFileAreSafe) {
    Snapshot snapshot = shop();
    for (StackSample& sample : *snapshot.mutable_call_stacks()->mutable_samples()) {
        sample.set_called(4'000'000);
        sample.set_locations(0, 4'000'000);
    }
    EXPECT_TRUE(CallChains(snapshot).of(snapshot.function_files(0).functions(0), 5).empty());
}

}  // namespace
}  // namespace footfall
