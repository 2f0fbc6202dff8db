#include "agent/usage/distinct_counter.h"

#include <gtest/gtest.h>

#include <cmath>

namespace footfall {
namespace {

// Neighbouring numbers, as addresses and uids are.
DistinctCounter counter_of(std::uint64_t from, std::uint64_t count) {
    DistinctCounter counter;
    for (std::uint64_t value = from; value < from + count; ++value) counter.add(value);
    return counter;
}

TEST(DistinctCounter, SmallSetsAreExactHoweverOftenTheyComeAgain) {
    DistinctCounter counter;
    EXPECT_EQ(counter.count(), 0U);
    for (int again = 0; again < 3; ++again) {
        for (std::uint64_t value = 0; value < 64; ++value) counter.add(value);
    }
    EXPECT_EQ(counter.count(), 64U);
    EXPECT_TRUE(counter.exact());
}

TEST(DistinctCounter, LargeSetsAreEstimatedWithinFourStandardErrors) {
    for (const std::uint64_t count : {65U, 100U, 1000U, 5000U, 20'000U, 1'000'000U}) {
        const DistinctCounter counter = counter_of(1'000'000, count);
        EXPECT_FALSE(counter.exact());
        EXPECT_NEAR(static_cast<double>(counter.count()) / static_cast<double>(count), 1, 4 * 0.023) << count;
    }
}

TEST(DistinctCounter, TheStandardErrorIsAsDocumented) {
    double squares = 0;
    static constexpr int kSets = 100;
    static constexpr std::uint64_t kSize = 10'000;
    for (int set = 0; set < kSets; ++set) {
        const DistinctCounter counter = counter_of(static_cast<std::uint64_t>(set) << 32, kSize);
        const double error = static_cast<double>(counter.count()) / kSize - 1;
        squares += error * error;
    }
    EXPECT_NEAR(std::sqrt(squares / kSets), 0.023, 0.006);
}

TEST(DistinctCounter, MergingIsAddingEverything) {
    for (const std::uint64_t size : {10U, 50U, 5000U}) {
        DistinctCounter merged = counter_of(0, size);
        merged.merge(counter_of(size / 2, size));
        EXPECT_EQ(merged.count(), counter_of(0, size + size / 2).count()) << size;
    }
}

TEST(DistinctCounter, MergingAnExactSetIntoAnEstimateOrTheOtherWayRoundIsTheSame) {
    DistinctCounter large = counter_of(0, 1000);
    DistinctCounter small = counter_of(5000, 20);
    const DistinctCounter large_before = large;
    large.merge(small);
    small.merge(large_before);
    EXPECT_EQ(large.count(), small.count());
}

}  // namespace
}  // namespace footfall
