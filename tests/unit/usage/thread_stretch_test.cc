#include "agent/usage/thread_stretch.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

constexpr ThreadTimes kBegin{.cpu_nanoseconds = 1'000, .queued_nanoseconds = 10, .run_nanoseconds = 50};

TEST(ThreadStretches, WithoutAWaitAreOneRun) {
    const Stretch stretch =
        stretch_between(kBegin, {.cpu_nanoseconds = 1'700, .queued_nanoseconds = 15, .run_nanoseconds = 750});
    EXPECT_EQ(stretch.waits, 0U);
    EXPECT_EQ(stretch.before, (ThreadCost{700, 5}));
    EXPECT_EQ(stretch.between, ThreadCost{});
    EXPECT_EQ(stretch.after, ThreadCost{});
}

TEST(ThreadStretches, WithOneWaitAreTwoRuns) {
    const Stretch stretch =
        stretch_between(kBegin, {.cpu_nanoseconds = 1'700, .queued_nanoseconds = 15, .run_nanoseconds = 200, .sleeps = 1});
    EXPECT_EQ(stretch.before, (ThreadCost{500, 0}));
    EXPECT_EQ(stretch.after, (ThreadCost{200, 5}));
}

TEST(ThreadStretches, WithMoreWaitsTellOnlyTheLastRun) {
    const Stretch stretch =
        stretch_between(kBegin, {.cpu_nanoseconds = 1'700, .queued_nanoseconds = 15, .run_nanoseconds = 200, .sleeps = 2});
    EXPECT_EQ(stretch.before, ThreadCost{});
    EXPECT_EQ(stretch.between, (ThreadCost{500, 5}));
    EXPECT_EQ(stretch.after, (ThreadCost{200, 0}));
}

TEST(ThreadStretches, WithAPreemptionDoNotTellOnWhichSideOfTheWaitItWas) {
    const Stretch stretch = stretch_between(
        kBegin, {.cpu_nanoseconds = 1'700, .queued_nanoseconds = 15, .run_nanoseconds = 200, .sleeps = 1, .preempted = 1});
    EXPECT_EQ(stretch.between, (ThreadCost{500, 5}));
}

TEST(ThreadStretches, OfALastRunThatIsLongerThanAllOfIt) {
    const Stretch stretch =
        stretch_between(kBegin, {.cpu_nanoseconds = 1'100, .queued_nanoseconds = 10, .run_nanoseconds = 103, .sleeps = 1});
    EXPECT_EQ(stretch.before, ThreadCost{});
    EXPECT_EQ(stretch.after, (ThreadCost{100, 0}));
}

TEST(ThreadStretches, CountWaitsPastTheEndOfTheirCounter) {
    ThreadTimes from = kBegin;
    from.sleeps = UINT32_MAX;
    EXPECT_EQ(stretch_between(from, {.cpu_nanoseconds = 1'000, .sleeps = 1}).waits, 2U);
}

}  // namespace
}  // namespace footfall
