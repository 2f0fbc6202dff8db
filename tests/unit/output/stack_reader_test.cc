#include "output/stacks/stack_reader.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "output/json/session_json.h"
#include "output/stacks/stack_filter.h"
#include "output/stacks/stack_totals.h"
#include "output/table/stack_summary_text.h"
#include "output/table/usage_table_text.h"
#include "tests/unit/output/example_stacks.h"
#include "tests/unit/output/golden.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

std::vector<std::string> names_of(const StackReader& reader, const StackSample& sample) {
    std::vector<std::string> names;
    for (const StackEntry& entry : reader.frames_of(sample)) names.emplace_back(entry.frame->name);
    return names;
}

TEST(StackReader, InlinedFunctionsAreFramesOfTheirOwnInnermostFirst) {
    const Snapshot snapshot = example_with_stacks();
    const StackReader reader(snapshot.stacks());
    const StackSample& sample = snapshot.stacks().samples(1);
    EXPECT_THAT(names_of(reader, sample), ElementsAre("hash", "parse(char const*, int)", "main", "_start"));
    EXPECT_TRUE(reader.frames_of(sample)[0].frame->inlined);
    EXPECT_FALSE(reader.frames_of(sample)[1].frame->inlined);
}

TEST(StackReader, AnAddressWithoutANameIsShownByModuleAndOffset) {
    const Snapshot snapshot = example_with_stacks();
    const StackReader reader(snapshot.stacks());
    EXPECT_THAT(names_of(reader, snapshot.stacks().samples(4)), ElementsAre("[shop]+0x5678", "render"));
    EXPECT_TRUE(reader.frames_of(snapshot.stacks().samples(4))[1].guessed);
}

TEST(StackReader, AddressesOfNoModuleHaveANameToo) {
    Stacks stacks;
    StackWriter to(stacks);
    to.location(0, 0x10, {});
    stacks.mutable_locations(0)->set_module(77);
    to.location(0, 0x20, {});
    stacks.mutable_locations(1)->set_kernel(true);
    const StackReader reader(stacks);
    EXPECT_EQ(reader.frames_at(0)[0].name, "[unknown]+0x10");
    EXPECT_EQ(reader.frames_at(1)[0].name, "[kernel]+0x20");
}

TEST(StackReader, ANameThatNeverEndsIsCut) {
    Stacks stacks;
    StackWriter to(stacks);
    to.location(0, 0, {{std::string(1'000'000, 'x')}});
    EXPECT_LT(StackReader(stacks).frames_at(0)[0].name.size(), kMaxNameBytes + 10);
}

TEST(StackReader, WhatWouldUnfoldToTooMuchIsRefused) {
    Stacks stacks;
    StackWriter to(stacks);
    const std::uint32_t location = to.location(0, 0, {{std::string(2'000, 'x')}});
    for (int i = 0; i < 1'000; ++i) {
        StackSample& sample = to.sample("s", "t", {}, 1, 1);
        for (int k = 0; k < 1'000; ++k) sample.add_locations(location);
    }
    EXPECT_FALSE(check_unfolded_size(StackReader(stacks)));
    stacks.mutable_samples()->DeleteSubrange(100, 900);
    EXPECT_TRUE(check_unfolded_size(StackReader(stacks)));
}

TEST(StackFilter, KeepsWhatMatchesEveryOption) {
    Snapshot snapshot = example_with_stacks();
    keep_chosen(*snapshot.mutable_stacks(), {.services = {"sh*"}, .threads = {"worker 2"}, .states = {STACK_QUEUED}});
    ASSERT_EQ(snapshot.stacks().samples_size(), 1);
    EXPECT_EQ(snapshot.stacks().samples(0).nanos(), 500'000'000);
    EXPECT_EQ(StackReader(snapshot.stacks()).text(snapshot.stacks().samples(0).service()), "shop");
}

TEST(StackFilter, KeepsTheStacksOfAnOperationByItsNameWithItsKindOrWithout) {
    const auto left = [](const std::string& glob) {
        Snapshot snapshot = example_with_stacks();
        keep_chosen(*snapshot.mutable_stacks(), {.operations = {glob}});
        return snapshot.stacks().samples_size();
    };
    EXPECT_GT(left("GET /orders*"), 0);
    EXPECT_EQ(left("http *"), left("GET /orders*"));
    EXPECT_EQ(left("grpc *"), 0);
    EXPECT_LT(left("http *"), left("*"));
}

TEST(StackFilter, AnOptionThatFitsNothingIsFoundWithWhatThereIsInstead) {
    using Option = EmptyChoice::Option;
    const Snapshot snapshot = example_with_stacks();
    const auto found = [&](const StackFilter& filter) { return find_empty_choice(snapshot.stacks(), filter); };
    EXPECT_EQ(found({.services = {"none"}, .threads = {"none"}})->option, Option::kService);
    EXPECT_THAT(found({.services = {"none"}})->there, ElementsAre("nginx", "shop"));
    EXPECT_EQ(found({.threads = {"none"}, .states = {STACK_QUEUED}})->option, Option::kThread);
    EXPECT_EQ(found({.operations = {"none"}, .threads = {"none"}})->option, Option::kOperation);
    EXPECT_THAT(found({.operations = {"none"}})->there, ElementsAre("http GET /orders/{id}"));
    EXPECT_THAT(found({.services = {"nginx"}, .operations = {"none"}})->there, testing::IsEmpty());
    EXPECT_THAT(found({.threads = {"none"}})->there, ElementsAre("nginx", "worker 1", "worker 2"));
    EXPECT_THAT(found({.services = {"sh*"}, .threads = {"nginx"}})->there, ElementsAre("worker 1", "worker 2"));
    EXPECT_EQ(found({.threads = {"worker 1"}, .states = {STACK_QUEUED}})->option, Option::kState);
    EXPECT_THAT(found({.threads = {"worker 1"}, .states = {STACK_QUEUED}})->there, ElementsAre("running"));
    EXPECT_FALSE(found({}));
    EXPECT_FALSE(found({.services = {"nope", "shop"}, .threads = {"worker 2"}, .states = {STACK_QUEUED}}));
    EXPECT_FALSE(find_empty_choice(Stacks(), {.services = {"none"}}));
}

TEST(StackFilter, CountsCompletenessOfWhatIsLeft) {
    Snapshot snapshot = example_with_stacks();
    keep_chosen(*snapshot.mutable_stacks(), {.threads = {"worker 1"}});
    const StackCompleteness left = completeness(snapshot.stacks());
    EXPECT_EQ(left.walks, 100U);
    EXPECT_EQ(left.complete, 50U);
    EXPECT_EQ(left.complete_with_guesses, 50U);
    EXPECT_THAT(left.stops, ElementsAre(Pair("no_table", 50U)));
    EXPECT_EQ(left.user_frames, 150U);
    EXPECT_EQ(left.guessed_frames, 50U);
}

TEST(StackFilter, AStackThatIsCutIsNoneOfTheCompleteOnesWithGuesses) {
    Stacks stacks;
    StackWriter to(stacks);
    const std::uint32_t f = to.location(0, 1, {{"f"}});
    const std::uint32_t g = to.location(0, 2, {{"g"}});
    StackSample& whole = to.sample("s", "t", {f, g}, 3, 1);
    whole.add_guessed(0);
    whole.add_guessed(1);
    StackSample& cut = to.sample("s", "t", {f, g}, 5, 1);
    cut.add_guessed(1);
    cut.set_stop(to.text("no_table"));
    to.sample("s", "t", {f}, 7, 1);
    keep_chosen(stacks, {.services = {"s"}});
    EXPECT_EQ(stacks.complete_with_guesses(), 3U);
}

TEST(StackFilter, WithoutOptionsChangesNothing) {
    Snapshot snapshot = example_with_stacks();
    keep_chosen(*snapshot.mutable_stacks(), {});
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(snapshot, example_with_stacks()));
}

TEST(StackTotals, EveryNanosecondOfAServiceIsInOneFunctionOrOneWait) {
    const Snapshot snapshot = example_with_stacks();
    const StackReader reader(snapshot.stacks());
    for (const ServiceTime& service : time_by_service(reader)) {
        std::uint64_t self = 0;
        std::uint64_t waits = 0;
        for (const FunctionTime& function : service.functions) self += function.self;
        for (const WaitTime& wait : service.waits) waits += wait.nanos;
        EXPECT_EQ(self, service.running) << service.service;
        EXPECT_EQ(waits, service.waiting) << service.service;
    }
}

TEST(StackTotals, AWaitInTheCLibrarySaysWhoCalledIt) {
    Stacks stacks;
    StackWriter to(stacks);
    const std::uint32_t libc = to.module("/lib/x86_64-linux-gnu/libc.so.6");
    const std::uint32_t musl = to.module("/lib/ld-musl-x86_64.so.1");
    const std::uint32_t shop = to.module("/usr/bin/shop");
    const std::uint32_t poll = to.location(libc, 1, {{"__poll"}});
    const std::uint32_t wrapper = to.location(libc, 2, {{"wrapper"}});
    const std::uint32_t serve = to.location(shop, 3, {{"serve"}});
    const std::uint32_t reload = to.location(shop, 4, {{"reload"}});
    to.sample("s", "t", {poll, wrapper, serve}, 1, 400).set_state(STACK_BLOCKED);
    to.sample("s", "t", {poll, reload}, 1, 300).set_state(STACK_BLOCKED);
    to.sample("s", "t", {to.location(musl, 5, {{"read"}}), serve}, 1, 200).set_state(STACK_BLOCKED);
    to.sample("s", "t", {serve, reload}, 1, 100).set_state(STACK_BLOCKED);
    to.sample("s", "t", {poll}, 1, 50).set_state(STACK_BLOCKED);
    const StackReader reader(stacks);
    std::vector<std::string> callers;
    const std::vector<ServiceTime> services = time_by_service(reader);
    for (const WaitTime& wait : services[0].waits) callers.push_back(wait.function + " by " + wait.caller);
    EXPECT_THAT(callers, ElementsAre("__poll by serve", "__poll by reload", "read by serve", "serve by ", "__poll by "));
}

TEST(StackTotals, RecursionCountsOnce) {
    Stacks stacks;
    StackWriter to(stacks);
    const std::uint32_t f = to.location(0, 1, {{"f"}});
    to.sample("s", "t", {f, f, f}, 1, 100);
    const StackReader reader(stacks);
    const auto services = time_by_service(reader);
    EXPECT_EQ(services[0].functions[0].self, 100U);
    EXPECT_EQ(services[0].functions[0].total, 100U);
}

TEST(StackTotals, AKernelThreadIsNoIncompleteStack) {
    const StackCompleteness all = completeness(example_with_stacks().stacks());
    EXPECT_EQ(all.walks, 730U);
    EXPECT_EQ(all.complete, 680U);
}

TEST(StackSummary, LooksAsRecorded) { expect_golden(usage_table_text(example_with_stacks(), {}), "usage_table_stacks.txt"); }

TEST(StackSummary, SaysHowCompleteTheStacksAreAndWhyNot) {
    EXPECT_EQ(stack_completeness_line(example_with_stacks().stacks(), {}),
              "stacks     93% of 730 complete (6.8% with guesses), 2.5% of frames guessed; stops: no_table 50\n");
}

TEST(StackSummary, SaysHowManyInterpretedStacksHaveAllOfTheirFunctionsAndWhyNot) {
    Snapshot snapshot = example_with_stacks();
    Stacks& stacks = *snapshot.mutable_stacks();
    EXPECT_EQ(stack_completeness_line(stacks, {}).find("interpreted"), std::string::npos);
    (*stacks.mutable_script_stops())["complete"] = 490;
    (*stacks.mutable_script_stops())["not_known_yet"] = 2;
    (*stacks.mutable_script_stops())["unnamed"] = 8;
    const StackCompleteness all = completeness(stacks);
    EXPECT_EQ(all.script_walks, 500U);
    EXPECT_EQ(all.script_complete, 490U);
    EXPECT_THAT(all.script_stops, ElementsAre(Pair("unnamed", 8U), Pair("not_known_yet", 2U)));
    EXPECT_NE(stack_completeness_line(stacks, {}).find("; interpreted 98% of 500 complete: unnamed 8, not_known_yet 2"),
              std::string::npos);
}

TEST(StackFilter, CountsInterpretedStacksAnew) {
    Snapshot snapshot = example_with_stacks();
    Stacks& stacks = *snapshot.mutable_stacks();
    stacks.add_strings("complete");
    const auto complete = static_cast<std::uint32_t>(stacks.strings_size() - 1);
    std::uint64_t of_shop = 0;
    for (StackSample& sample : *stacks.mutable_samples()) {
        sample.set_script_stop(complete);
        if (stacks.strings(static_cast<int>(sample.service())) == "shop") of_shop += sample.samples();
    }
    StackFilter filter;
    filter.services = {"shop"};
    keep_chosen(stacks, filter);
    EXPECT_EQ(stacks.script_stops().at("complete"), of_shop);
}

TEST(StackSummary, SaysNothingOfGuessesWhereThereAreNoneOrNobodyCounted) {
    Snapshot snapshot = example_with_stacks();
    const std::string without = "stacks     93% of 730 complete, 2.5% of frames guessed; stops: no_table 50\n";
    snapshot.mutable_stacks()->set_complete_with_guesses(0);
    EXPECT_EQ(stack_completeness_line(snapshot.stacks(), {}), without);
    snapshot.mutable_stacks()->clear_complete_with_guesses();
    EXPECT_EQ(stack_completeness_line(snapshot.stacks(), {}), without);
}

TEST(StackSummary, NothingThatATerminalObeysGetsThrough) {
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
        const std::string text = usage_table_text(hostile_stacks(seed), {.width = 80});
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
    }
}

TEST(StackSummary, ASessionWithoutStacksHasNone) {
    EXPECT_THAT(usage_table_text(example_snapshot(), {}), Not(HasSubstr("stacks  ")));
    EXPECT_THAT(session_json(example_snapshot()), Not(HasSubstr("\"stacks\"")));
}

}  // namespace
}  // namespace footfall
