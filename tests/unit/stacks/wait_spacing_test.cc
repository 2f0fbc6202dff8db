// So many waits a second are taken, however many there are, and however late they are read.

#include "agent/stacks/wait_spacing.h"

#include <gtest/gtest.h>

namespace footfall {
namespace {

constexpr std::uint64_t kMillisecond = 1'000'000;

class WaitSpacingTest : public testing::Test {
protected:
    WaitSpacingTest() { spacing_.begin(at(0)); }

    static MonotonicTime at(std::uint64_t milliseconds) { return {1'000'000'000 + milliseconds * kMillisecond}; }
    void take(int waits, std::uint64_t began) {
        for (int i = 0; i < waits; ++i) spacing_.on_wait(at(began));
    }

    WaitSpacing spacing_{1000};
};

TEST_F(WaitSpacingTest, TakesAllWhereTheyAreFew) {
    take(90, 50);
    EXPECT_EQ(spacing_.adjust(at(100)), 0U);
}

TEST_F(WaitSpacingTest, TakesFewerAsSoonAsTheShareOfAnIntervalIsUsedUp) {
    take(101, 9);
    EXPECT_EQ(spacing_.adjust(at(10)), 11U * 50'000) << "10,100 a second are eleven times too many";
}

TEST_F(WaitSpacingTest, LooksNoFurtherThanItsIntervalForMany) {
    take(101, 0);
    EXPECT_EQ(spacing_.adjust(at(0)), 21U * 50'000) << "what comes at once, came in 5 ms";
}

TEST_F(WaitSpacingTest, WhatLayInTheRingWhenItChangedIsNotCountedAgain) {
    take(5000, 400);
    const std::uint32_t apart = spacing_.adjust(at(500));
    EXPECT_EQ(apart, 10U * 50'000);
    take(5000, 499);
    EXPECT_EQ(spacing_.adjust(at(505)), apart) << "they were taken before the spacing was known";
    take(101, 510);
    EXPECT_GT(spacing_.adjust(at(511)), apart);
}

TEST_F(WaitSpacingTest, TakesMoreStepByStepWhenTheyBecomeFew) {
    take(101, 0);
    std::uint32_t apart = spacing_.adjust(at(0));
    for (std::uint64_t i = 1; apart != 0; ++i) {
        const std::uint32_t next = spacing_.adjust(at(100 * i));
        EXPECT_TRUE(next == apart / 2 || (next == 0 && apart <= 50'000)) << next << " after " << apart;
        apart = next;
        ASSERT_LT(i, 10U);
    }
}

TEST_F(WaitSpacingTest, StaysWithinItsBounds) {
    for (std::uint64_t i = 1; i < 50; ++i) {
        take(100'000, i * 10);
        EXPECT_LE(spacing_.adjust(at(i * 10 + 1)), 4'000'000'000U);
    }
}

TEST(WaitSpacing, TakesAllBeforeItBegins) {
    WaitSpacing spacing(1000);
    for (int i = 0; i < 5000; ++i) spacing.on_wait({1});
    EXPECT_EQ(spacing.adjust({2'000'000'000}), 0U);
}

}  // namespace
}  // namespace footfall
