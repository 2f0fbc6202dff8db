#include "output/session/histogram_math.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "tests/unit/output/example_snapshot.h"

namespace footfall {
namespace {

using testing::ElementsAre;

constexpr double kNoRelativeErrorAbove = 0.022;  // half a bucket at scale 5

TEST(HistogramMath, QuantilesAreWithinABucketOfTheTruth) {
    const Histogram histogram = histogram_of(evenly(10'000, 0.001, 0.101));
    EXPECT_NEAR(quantile(histogram, 0.5), 0.051, 0.051 * kNoRelativeErrorAbove);
    EXPECT_NEAR(quantile(histogram, 0.9), 0.091, 0.091 * kNoRelativeErrorAbove);
    EXPECT_NEAR(quantile(histogram, 0.99), 0.100, 0.100 * kNoRelativeErrorAbove);
}

TEST(HistogramMath, QuantilesNeverExceedTheMaximumAndNeverFall) {
    const Histogram histogram = histogram_of({0.003, 0.003, 0.00301});
    double previous = 0;
    for (int percent = 0; percent <= 100; ++percent) {
        const double value = quantile(histogram, percent / 100.0);
        EXPECT_GE(value, previous);
        EXPECT_LE(value, 0.00301);
        previous = value;
    }
    EXPECT_DOUBLE_EQ(quantile(histogram, 1), 0.00301);
}

TEST(HistogramMath, AnEmptyHistogramHasQuantileZero) { EXPECT_EQ(quantile(Histogram{}, 0.99), 0); }

TEST(HistogramMath, ZerosCountAsZero) {
    const Histogram histogram = histogram_of({0, 0, 0, 1});
    EXPECT_EQ(quantile(histogram, 0.5), 0);
    EXPECT_DOUBLE_EQ(quantile(histogram, 1), 1);
}

TEST(HistogramMath, MergingKeepsEveryValue) {
    Histogram a = histogram_of({0.001, 0.002, 0, 4});
    merge(a, histogram_of({0.5, 0.001, 1000}));
    EXPECT_EQ(a.count(), 7U);
    EXPECT_EQ(a.zero_count(), 1U);
    EXPECT_DOUBLE_EQ(a.max(), 1000);
    std::uint64_t in_buckets = 0;
    for (const std::uint64_t count : a.counts()) in_buckets += count;
    EXPECT_EQ(in_buckets, 6U);
}

TEST(HistogramMath, MergingIntoNothingKeepsTheScale) {
    Histogram into;
    merge(into, histogram_of({0.25}, 7));
    EXPECT_EQ(into.scale(), 7);
    merge(into, Histogram{});
    EXPECT_EQ(into.scale(), 7);
    EXPECT_EQ(into.count(), 1U);
}

TEST(HistogramMath, MergingDifferentScalesTakesTheCoarserOne) {
    Histogram fine = histogram_of({0.3, 0.7}, 8);
    merge(fine, histogram_of({0.3, 0.7}, 2));
    Histogram coarse = histogram_of({0.3, 0.7, 0.3, 0.7}, 2);
    EXPECT_EQ(fine.scale(), 2);
    EXPECT_EQ(fine.offset(), coarse.offset());
    EXPECT_TRUE(std::equal(fine.counts().begin(), fine.counts().end(), coarse.counts().begin(), coarse.counts().end()));
}

TEST(HistogramMath, ACoarserScaleHoldsTheSameValues) {
    const std::vector<double> values = evenly(500, 0.0001, 3);
    const Histogram lowered = at_scale(histogram_of(values, 6), 1);
    const Histogram direct = histogram_of(values, 1);
    EXPECT_EQ(lowered.scale(), 1);
    EXPECT_EQ(lowered.offset(), direct.offset());
    EXPECT_TRUE(
        std::equal(lowered.counts().begin(), lowered.counts().end(), direct.counts().begin(), direct.counts().end()));
}

TEST(HistogramMath, ClassicBucketsAreExactAtPowersOfTwo) {
    const Histogram histogram = histogram_of({0.1, 0.25, 0.250001, 0.5, 0.9, 1, 1.1, 4});
    EXPECT_THAT(classic_cumulative(histogram, std::array<double, 4>{0.25, 0.5, 1, 2}), ElementsAre(2, 4, 6, 7));
}

TEST(HistogramMath, ClassicBucketsCountZerosAndNothingAboveAll) {
    const Histogram histogram = histogram_of({0, 0, 0.001, 50});
    EXPECT_THAT(classic_cumulative(histogram, std::array<double, 3>{0.0005, 0.005, 10}), ElementsAre(2, 3, 3));
}

TEST(HistogramMath, ClassicBucketsSplitABucketByTheLogarithm) {
    Histogram histogram;  // one bucket: 1 < v <= 4
    histogram.set_scale(-1);
    histogram.add_counts(100);
    histogram.set_count(100);
    EXPECT_THAT(classic_cumulative(histogram, std::array<double, 4>{1, 2, std::sqrt(8.0) + 1e-9, 4}),
                ElementsAre(0, 50, 75, 100));
}

TEST(HistogramMath, ClassicBucketsNeverFallWhileValuesAreAdded) {
    constexpr std::array<double, 5> kBoundaries = {0.005, 0.01, 0.025, 0.05, 0.1};
    std::vector<double> values;
    std::vector<std::uint64_t> previous(kBoundaries.size(), 0);
    for (int i = 0; i < 300; ++i) {
        values.push_back(0.001 * (1 + (i * 37) % 97));
        const std::vector<std::uint64_t> now = classic_cumulative(histogram_of(values), kBoundaries);
        for (std::size_t bucket = 0; bucket < now.size(); ++bucket) {
            ASSERT_GE(now[bucket], previous[bucket]) << i;
            ASSERT_LE(now[bucket], values.size());
            ASSERT_GE(now[bucket], bucket > 0 ? now[bucket - 1] : 0);
        }
        previous = now;
    }
}

TEST(HistogramMath, ClassicBucketsStayWhenTheScaleIsLowered) {
    constexpr std::array<double, 5> kBoundaries = {0.005, 0.01, 0.025, 0.05, 0.1};
    const Histogram histogram = histogram_of(evenly(1'000, 0.0001, 0.2), 6);
    const auto before = classic_cumulative(histogram, kBoundaries);
    for (const int scale : {5, 4, 3, 2})
        EXPECT_EQ(classic_cumulative(at_scale(histogram, scale), kBoundaries), before) << scale;
}

TEST(HistogramMath, HostileHistogramsGiveNumbersInBoundedMemory) {
    Histogram hostile;
    hostile.set_scale(std::numeric_limits<std::int32_t>::max());
    hostile.set_offset(std::numeric_limits<std::int32_t>::max());
    for (int i = 0; i < 4; ++i) hostile.add_counts(std::numeric_limits<std::uint64_t>::max());
    hostile.set_count(3);
    hostile.set_sum(std::numeric_limits<double>::quiet_NaN());
    Histogram other = hostile;
    other.set_scale(std::numeric_limits<std::int32_t>::min());
    other.set_offset(std::numeric_limits<std::int32_t>::min());

    Histogram merged = hostile;
    merge(merged, other);
    EXPECT_LE(merged.counts_size(), kMaxHistogramBuckets);
    static_cast<void>(quantile(hostile, 0.5));
    static_cast<void>(quantile(other, 0.5));
    for (const std::uint64_t count : classic_cumulative(hostile, std::array<double, 2>{0.1, 10})) EXPECT_LE(count, 3U);
}

}  // namespace
}  // namespace footfall
