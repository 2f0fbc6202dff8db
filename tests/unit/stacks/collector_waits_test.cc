// Stacks of threads that wait: a sample once the wait is over, as long as it was.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/stacks/collector_world.h"

namespace footfall {
namespace {

class Waits : public CollectorTest {};

std::uint64_t nanoseconds_of(const std::vector<Sample>& samples, StackState state) {
    std::uint64_t sum = 0;
    for (const Sample& sample : samples) sum += sample.state == state ? sample.nanoseconds : 0;
    return sum;
}

TEST_F(Waits, AWaitIsASampleOnceItIsOverAndAsLongAsItWas) {
    collector().on(Stack().with_frames({0x0001'0000'0000'0010}).waiting(5).taken);
    EXPECT_TRUE(samples().empty());
    collector().on(end_of(5, 1000));
    const Sample sample = only_sample();
    EXPECT_EQ(sample.state, StackState::kBlocked);
    EXPECT_EQ(sample.nanoseconds, 1000U);
    EXPECT_EQ(sample.samples, 1);
    EXPECT_EQ(sample.system_call, 202);
    EXPECT_EQ(sample.user.size(), 1U);
}

TEST_F(Waits, TheTimeFromItsWakeUpUntilItRunsIsQueued) {
    collector().on(Stack().waiting(5).taken);
    collector().on(end_of(5, 1000, 30));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 1000U);
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kQueued), 30U);

    collector().on(Stack().waiting(6, 1, StackState::kQueued).taken);
    collector().on(end_of(6, 0, 500));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 1000U) << "it was preempted and never blocked";
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kQueued), 530U);
}

TEST_F(Waits, OneOfManyStandsForAllOfThem) {
    Stack event = Stack().waiting(5);
    event.taken.waits = 2.5;
    collector().on(event.taken);
    collector().on(end_of(5, 1000, 10));
    double blocked = 0;
    for (const Sample& sample : samples()) blocked += sample.state == StackState::kBlocked ? sample.samples : 0;
    EXPECT_EQ(blocked, 2.5);
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 2500U);
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kQueued), 25U);
}

TEST_F(Waits, ThreadsWaitEachForThemselves) {
    collector().on(Stack().waiting(5, 1).taken);
    collector().on(Stack().waiting(5, 2).taken);
    collector().on(end_of(5, 100, 0, 2));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 100U);
    collector().on(end_of(5, 30, 0, 1));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 130U);
}

TEST_F(Waits, AWaitWhoseEndWasLostGivesWayToTheThreadsNext) {
    collector().on(Stack().waiting(5).taken);
    collector().on(Stack(later(kSecond)).waiting(6).taken);
    EXPECT_TRUE(samples().empty()) << "nobody knows how long it was";
    collector().on(end_of(5, 77));
    EXPECT_TRUE(samples().empty()) << "the end of the one before";
    collector().on(end_of(6, 100));
    EXPECT_EQ(only_sample().nanoseconds, 100U);
    collector().session_end(later(2 * kSecond));
    EXPECT_EQ(only_sample().nanoseconds, 100U);
}

TEST_F(Waits, AnEndWithoutABeginningIsNothing) {
    collector().on(end_of(5, 1000));
    EXPECT_TRUE(samples().empty());
    collector().on(Stack().waiting(5).taken);
    collector().on(end_of(5, 1000));
    collector().on(end_of(5, 1000));
    EXPECT_EQ(only_sample().samples, 1) << "and one that comes twice counts once";
}

TEST_F(Waits, TheEndOfTheSessionCountsAWaitThatGoesOnUpToThen) {
    collector().on(Stack().waiting(5, 1).taken);
    Stack sampled = Stack(later(kSecond)).waiting(6, 2);
    sampled.taken.waits = 3;
    collector().on(sampled.taken);
    collector().on(Stack(later(kSecond)).waiting(7, 3, StackState::kQueued).taken);
    collector().session_end(later(3 * kSecond));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 9 * kSecond);
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kQueued), 2 * kSecond);
    collector().session_end(later(4 * kSecond));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 9 * kSecond) << "once";
}

TEST_F(Waits, ShorterOnesThanAskedForAreNotKept) {
    options_.shortest_wait_nanoseconds = 100;
    collector().on(Stack().waiting(5).taken);
    collector().on(end_of(5, 60, 39));
    EXPECT_TRUE(samples().empty());
    collector().on(Stack().waiting(6).taken);
    collector().on(end_of(6, 60, 40));
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kBlocked), 60U);
    collector().on(Stack().taken);
    EXPECT_EQ(nanoseconds_of(samples(), StackState::kRunning), 10U) << "a sample of the clock is no wait";
}

TEST_F(Waits, AWaitThatEndsBeforeItsTablesComeIsOneSampleInTheEnd) {
    collector().on(Stack().with_copy(own_).waiting(5).taken);
    collector().on(end_of(5, 1000));
    EXPECT_TRUE(samples().empty());
    finish();
    EXPECT_EQ(only_sample().nanoseconds, 1000U);
    expect_whole(only_sample());
}

TEST_F(Waits, AWaitWhoseTablesComeBeforeItsEndIsOneSampleInTheEnd) {
    collector().on(Stack().with_copy(own_).waiting(5).taken);
    finish();
    EXPECT_TRUE(samples().empty());
    collector().on(end_of(5, 1000));
    EXPECT_EQ(only_sample().nanoseconds, 1000U);
    expect_whole(only_sample());
}

TEST_F(Waits, ACopyOfAWaitThatGaveWayIsDropped) {
    collector().on(Stack().with_copy(own_).waiting(5).taken);
    collector().on(Stack().waiting(6).taken);
    finish();
    EXPECT_TRUE(samples().empty());
    collector().on(end_of(6, 1));
    EXPECT_EQ(only_sample().samples, 1);
}

TEST_F(Waits, MoreThanCanBeKeptAreCountedAndDropped) {
    options_.most_waits = 2;
    for (std::uint32_t tid = 1; tid <= 5; ++tid) collector().on(Stack().waiting(9, tid).taken);
    EXPECT_EQ(collector().waits_without_room(), 3U);
    for (std::uint32_t tid = 1; tid <= 5; ++tid) collector().on(end_of(9, 10, 0, tid));
    EXPECT_EQ(only_sample().samples, 2);

    for (std::uint32_t tid = 1; tid <= 2; ++tid) collector().on(Stack().waiting(10, tid).taken);
    collector().on(Stack().waiting(11, 2).taken);
    EXPECT_EQ(collector().waits_without_room(), 3U) << "a thread's next wait takes the place of its last";
    for (const std::uint64_t wait : {10, 11}) collector().on(end_of(wait, 10, 0, wait - 9));
    EXPECT_EQ(only_sample().samples, 4);
}

TEST_F(Waits, WaitsAreCountedForWhoChoosesHowManyAreLookedAt) {
    options_.most_waits_a_second = 10;
    collector().session_begin(later(0));
    collector().on(Stack().waiting(5).taken);
    for (int i = 0; i < 5; ++i) collector().on(Stack().taken);
    EXPECT_EQ(collector().waits_apart(later(1)), 0U);
    collector().on(Stack().waiting(6, 2, StackState::kQueued).taken);
    EXPECT_GT(collector().waits_apart(later(1)), 0U) << "two in an interval whose share is one";
}

TEST_F(Waits, OneWhoseEndWasLostIsNoTimeAndIsCounted) {
    collector().on(Stack().waiting(5).taken);
    collector().on(Stack().waiting(6).taken);
    collector().on(Stack().waiting(7, 2).taken);
    collector().on(end_of(7, kSecond, 0, 2));
    collector().drop_open_waits();
    collector().session_end(later(100 * kSecond));
    EXPECT_EQ(only_sample().nanoseconds, kSecond);
    EXPECT_EQ(collector().waits_without_end(), 2U);
}

TEST_F(Waits, OneThatGoesOnIsInAProfileUpToNow) {
    collector().on(Stack().waiting(5).taken);
    ASSERT_EQ(collector().open_waits(later(3 * kSecond)).size(), 1U);
    EXPECT_EQ(collector().open_waits(later(3 * kSecond))[0].nanoseconds, 3 * kSecond);
    collector().session_begin(later(3 * kSecond));
    EXPECT_EQ(collector().open_waits(later(4 * kSecond))[0].nanoseconds, kSecond);
    EXPECT_TRUE(samples().empty());
}

TEST_F(Waits, OneOfSomeIsAnEstimate) {
    Stack some = Stack().waiting(5);
    some.taken.waits = 3;
    collector().on(some.taken);
    collector().on(Stack().waiting(6, 2).taken);
    collector().on(end_of(5, 10, 20));
    collector().on(end_of(6, 10, 20, 2));
    EXPECT_EQ(collector().profile().waits_taken(), 2U);
    EXPECT_EQ(collector().profile().waits_in_all(), 4);
}

TEST_F(Waits, OneThatBeganBeforeTheSessionCountsFromItsBegin) {
    collector().on(Stack().waiting(5).taken);
    collector().on(Stack().waiting(6, 2).taken);
    collector().session_begin(later(kSecond));
    collector().on(end_of(5, 3 * kSecond));
    EXPECT_EQ(only_sample().nanoseconds, 2 * kSecond);
    collector().session_end(later(5 * kSecond));
    EXPECT_EQ(only_sample().nanoseconds, (2 + 4) * kSecond);
}

}  // namespace
}  // namespace footfall
