#include "agent/stacks/stack_profile.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

Sample sample_of(std::vector<UserFrame> user, std::uint64_t nanoseconds = 10) {
    Sample sample;
    sample.service = ServiceId{3};
    sample.pid = Pid{100};
    sample.thread = "worker";
    sample.kernel = {0xffffffff81000010, 0xffffffff81000020};
    sample.user = std::move(user);
    sample.nanoseconds = nanoseconds;
    return sample;
}

std::vector<Sample> all_of(const StackProfile& profile) {
    std::vector<Sample> all;
    profile.for_each([&](const Sample& sum) { all.push_back(sum); });
    return all;
}

double samples_in(const StackProfile& profile) {
    double sum = 0;
    profile.for_each([&](const Sample& sample) { sum += sample.samples; });
    return sum;
}

std::uint64_t nanoseconds_in(const StackProfile& profile) {
    std::uint64_t sum = 0;
    profile.for_each([&](const Sample& sample) { sum += sample.nanoseconds; });
    return sum;
}

TEST(StackProfile, AddsUpStacksOfAScriptByFunctionAndLineWhateverProcessTheyAreOf) {
    StackProfile profile;
    Sample sample;
    sample.user = {UserFrame::of_script(ScriptFunctionId{7}, 42), {3, 0x1234, false}};
    sample.script_stop = ScriptStop::COMPLETE;
    for (const std::uint32_t pid : {1U, 2U}) {
        sample.pid = Pid{pid};
        profile.add(sample);
    }
    EXPECT_EQ(profile.stacks(), 1U);
    profile.for_each([&](const Sample& sum) {
        EXPECT_EQ(sum.user, sample.user);
        EXPECT_EQ(sum.script_stop, ScriptStop::COMPLETE);
        EXPECT_EQ(sum.user[0].function(), ScriptFunctionId{7});
        EXPECT_EQ(sum.user[0].line(), 42U);
    });
    sample.user[0] = UserFrame::of_script(ScriptFunctionId{7}, 43);
    profile.add(sample);
    sample.script_stop = ScriptStop::UNNAMED;
    profile.add(sample);
    EXPECT_EQ(profile.stacks(), 3U);
    EXPECT_EQ(profile.script_stops()[static_cast<std::size_t>(ScriptStop::COMPLETE)], 3U);
    EXPECT_EQ(profile.script_stops()[static_cast<std::size_t>(ScriptStop::UNNAMED)], 1U);
}

TEST(StackProfile, EqualStacksAddUpAndKeepAllThatTheyAre) {
    StackProfile profile;
    Sample sample = sample_of({{1, 0x1234, false}, {2, 0xfedcba987654, true}});
    sample.state = StackState::kBlocked;
    sample.stop = StopReason::TOO_DEEP;
    sample.system_call = 202;
    sample.samples = 1.5;
    profile.add(sample);
    profile.add(sample);
    const std::vector<Sample> all = all_of(profile);
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].service, ServiceId{3});
    EXPECT_EQ(all[0].thread, "worker");
    EXPECT_EQ(all[0].state, StackState::kBlocked);
    EXPECT_EQ(all[0].stop, StopReason::TOO_DEEP);
    EXPECT_EQ(all[0].system_call, 202);
    EXPECT_EQ(all[0].kernel, sample.kernel);
    EXPECT_EQ(all[0].user, sample.user);
    EXPECT_EQ(all[0].samples, 3);
    EXPECT_EQ(all[0].nanoseconds, 20U);
}

TEST(StackProfile, WhateverTellsStacksApartKeepsThemApart) {
    const Sample first = sample_of({{1, 0x10, false}});
    std::vector<Sample> others(8, first);
    others[0].service = ServiceId{4};
    others[1].thread = "other";
    others[2].state = StackState::kQueued;
    others[3].stop = StopReason::NO_RULE;
    others[4].kernel.pop_back();
    others[5].user[0].address = 0x11;
    others[6].user[0].module = 2;
    others[7].user[0].guessed = true;
    StackProfile profile;
    profile.add(first);
    for (const Sample& other : others) profile.add(other);
    EXPECT_EQ(profile.stacks(), 9U);
}

// An address in a module means the same in each process; one in a process's own memory does not.
TEST(StackProfile, ProcessesShareAStackUnlessItHasCodeOfTheirOwn) {
    StackProfile profile;
    Sample shared = sample_of({{1, 0x10, false}});
    profile.add(shared);
    shared.pid = Pid{101};
    profile.add(shared);
    EXPECT_EQ(profile.stacks(), 1U);

    Sample own = sample_of({{1, 0x10, false}, {0, 0x7f0000001000, false}});
    profile.add(own);
    own.pid = Pid{101};
    profile.add(own);
    EXPECT_EQ(profile.stacks(), 3U);
    for (const Sample& sum : all_of(profile)) EXPECT_EQ(number(sum.pid) != 0, sum.user.size() == 2);
}

TEST(StackProfile, CountsStopsFramesAndGuesses) {
    StackProfile profile;
    profile.add(sample_of({{1, 1, false}, {1, 2, true}, {1, 3, false}}));
    Sample cut = sample_of({{1, 1, false}});
    cut.stop = StopReason::NO_TABLE;
    profile.add(cut);
    profile.add(cut);
    EXPECT_EQ(profile.stops()[static_cast<std::size_t>(StopReason::OUTERMOST)], 1U);
    EXPECT_EQ(profile.stops()[static_cast<std::size_t>(StopReason::NO_TABLE)], 2U);
    EXPECT_EQ(profile.user_frames(), 5U);
    EXPECT_EQ(profile.guessed_frames(), 1U);
}

TEST(StackProfile, CountsCompleteStacksThatNeededAGuessOnce) {
    StackProfile profile;
    profile.add(sample_of({{1, 1, false}, {1, 2, false}}));
    const Sample guessed = sample_of({{1, 1, false}, {1, 2, true}, {1, 3, true}});
    profile.add(guessed);
    profile.add(guessed);
    profile.add_time(guessed);
    Sample cut = guessed;
    cut.stop = StopReason::NO_RULE;
    profile.add(cut);
    EXPECT_EQ(profile.complete_with_guesses(), 2U);
    EXPECT_EQ(profile.guessed_frames(), 6U);
    profile.clear();
    EXPECT_EQ(profile.complete_with_guesses(), 0U);
}

TEST(StackProfile, AStackThatFindsNoRoomLosesItsFramesButNotItsTime) {
    StackProfile profile(4000);
    for (std::uint64_t i = 0; i < 1000; ++i) profile.add(sample_of({{1, i, false}}, 7));
    EXPECT_GT(profile.without_room(), 900U);
    EXPECT_LT(profile.without_room(), 1000U);
    EXPECT_EQ(samples_in(profile), 1000);
    EXPECT_EQ(nanoseconds_in(profile), 7000U);
    EXPECT_LT(profile.bytes(), 4000U + 200U);

    double bare = 0;
    for (const Sample& sum : all_of(profile)) {
        EXPECT_EQ(sum.service, ServiceId{3});
        if (sum.user.empty()) bare += sum.samples;
    }
    EXPECT_EQ(bare, static_cast<double>(profile.without_room()));
}

TEST(StackProfile, AStackThatIsThereFindsRoomForEver) {
    StackProfile profile(4000);
    profile.add(sample_of({{1, 0, false}}));
    for (std::uint64_t i = 1; i < 1000; ++i) profile.add(sample_of({{1, i, false}}));
    const std::uint64_t before = profile.without_room();
    profile.add(sample_of({{1, 0, false}}));
    EXPECT_EQ(profile.without_room(), before);
}

// The number of the system call is the program's own to choose: it is no way to make the profile grow.
TEST(StackProfile, WhatFindsNoRoomStaysBoundedWhateverTheSystemCalls) {
    StackProfile profile(4000);
    for (std::int32_t i = 0; i < 1000; ++i) {
        Sample sample = sample_of({{1, static_cast<std::uint64_t>(i), false}});
        sample.system_call = i;
        profile.add(sample);
    }
    EXPECT_EQ(samples_in(profile), 1000);
    EXPECT_LT(profile.bytes(), 4000U + 200U);
}

TEST(StackProfile, ClearForgetsAllButTheLimit) {
    StackProfile profile(4000);
    for (std::uint64_t i = 0; i < 100; ++i) profile.add(sample_of({{1, i, false}}));
    profile.clear();
    EXPECT_EQ(profile.stacks(), 0U);
    EXPECT_EQ(profile.bytes(), 0U);
    EXPECT_EQ(profile.without_room(), 0U);
    EXPECT_EQ(profile.user_frames(), 0U);
    for (std::uint64_t i = 0; i < 100; ++i) profile.add(sample_of({{1, i, false}}));
    EXPECT_GT(profile.without_room(), 0U);
}

TEST(StackProfile, TheDeepestStackAndTheLongestNameComeBackWhole) {
    StackProfile profile;
    Sample deep;
    deep.thread = std::string(15, 't');
    for (std::uint64_t i = 0; i < 127; ++i) {
        deep.kernel.push_back(~i);
        deep.user.push_back({static_cast<std::uint16_t>(0xffff - i), i, i % 2 == 0});
    }
    profile.add(deep);
    const Sample back = all_of(profile).at(0);
    EXPECT_EQ(back.thread, deep.thread);
    EXPECT_EQ(back.kernel, deep.kernel);
    EXPECT_EQ(back.user, deep.user);
}

}  // namespace
}  // namespace footfall
