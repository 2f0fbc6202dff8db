#include "agent/usage/exponential_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <span>

#include "agent/base/clock.h"
#include "output/session/histogram_math.h"
#include "output/session/snapshot.pb.h"

namespace footfall {
namespace {

constexpr std::uint64_t kSecond = kNanosecondsPerSecond;

Histogram proto_of(const ExponentialHistogram& histogram) {
    Histogram out;
    histogram.to_proto(out);
    return out;
}

std::vector<std::uint64_t> random_durations(std::size_t count, double median_seconds, double spread) {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> distribution(std::log(median_seconds * 1e9), spread);
    std::vector<std::uint64_t> durations(count);
    for (auto& duration : durations) duration = static_cast<std::uint64_t>(distribution(random));
    return durations;
}

ExponentialHistogram histogram_of(std::span<const std::uint64_t> durations) {
    ExponentialHistogram histogram;
    for (const std::uint64_t duration : durations) histogram.record(duration);
    return histogram;
}

TEST(ExponentialHistogram, APowerOfTwoSecondsIsTheUpperEndOfItsBucket) {
    for (int power = -9; power <= 34; ++power) {  // 2^-9 s is the least that is a whole number of nanoseconds
        const auto duration = static_cast<std::uint64_t>(std::ldexp(static_cast<double>(kSecond), power));
        const std::int32_t last_of_octave = power * 16 - 1;
        EXPECT_EQ(ExponentialHistogram::finest_index(duration), last_of_octave) << "2^" << power << " s";
        EXPECT_EQ(ExponentialHistogram::finest_index(duration + 1), last_of_octave + 1) << "2^" << power << " s + 1 ns";
    }
}

TEST(ExponentialHistogram, EveryDurationLiesWithinTheBoundsOfItsBucket) {
    std::mt19937_64 random(1);
    const auto expect_within = [](std::uint64_t duration) {
        const std::int32_t index = ExponentialHistogram::finest_index(duration);
        // Long double tells the bounds apart from every 64-bit duration that is not within 1e-18 of one.
        const long double seconds = static_cast<long double>(duration) / kSecond;
        EXPECT_LT(std::exp2l(index / 16.0L), seconds * (1 + 1e-17L)) << duration;
        EXPECT_GE(std::exp2l((index + 1) / 16.0L), seconds * (1 - 1e-17L)) << duration;
    };
    for (std::uint64_t duration = 1; duration < 4096; ++duration) expect_within(duration);
    for (int i = 0; i < 200'000; ++i) expect_within((random() >> (random() % 64)) | 1);
    expect_within(UINT64_MAX);
}

TEST(ExponentialHistogram, BucketsNeverGoBackAsDurationsGrow) {
    std::int32_t before = ExponentialHistogram::finest_index(1);
    for (std::uint64_t duration = 2; duration < 2'000'000; ++duration) {
        const std::int32_t index = ExponentialHistogram::finest_index(duration);
        ASSERT_GE(index, before) << duration;
        before = index;
    }
}

TEST(ExponentialHistogram, CountsSumAndMaxAreExact) {
    ExponentialHistogram histogram;
    for (const std::uint64_t duration : {0UL, 5UL, kSecond, 3 * kSecond}) histogram.record(duration);
    EXPECT_EQ(histogram.count(), 4U);
    EXPECT_EQ(histogram.zero_count(), 1U);
    EXPECT_EQ(histogram.sum_nanoseconds(), 4 * kSecond + 5);
    EXPECT_EQ(histogram.max_nanoseconds(), 3 * kSecond);
}

TEST(ExponentialHistogram, QuantilesAreWithinHalfABucketOfTheSortedData) {
    auto durations = random_durations(100'000, 0.004, 0.8);
    const Histogram histogram = proto_of(histogram_of(durations));
    ASSERT_EQ(histogram.scale(), 4);
    std::sort(durations.begin(), durations.end());
    for (const double q : {0.01, 0.1, 0.5, 0.9, 0.99, 0.999}) {
        const double exact = static_cast<double>(durations.at(static_cast<std::size_t>(q * 100'000))) / 1e9;
        EXPECT_NEAR(quantile(histogram, q) / exact, 1, 0.045) << q;
    }
}

TEST(ExponentialHistogram, AWideRangeLowersTheScaleAndLosesNoValue) {
    ExponentialHistogram histogram;
    std::uint64_t recorded = 0;
    for (std::uint64_t duration = 1; duration < (std::uint64_t{1} << 63); duration += duration / 3 + 1, ++recorded) {
        histogram.record(duration);
    }
    const Histogram proto = proto_of(histogram);
    EXPECT_EQ(histogram.count(), recorded);
    EXPECT_LE(proto.counts_size(), ExponentialHistogram::kMaxBuckets);
    EXPECT_GT(proto.counts_size(), ExponentialHistogram::kMaxBuckets / 2) << "the scale is lowered no further than needed";
    EXPECT_EQ(std::accumulate(proto.counts().begin(), proto.counts().end(), std::uint64_t{0}), recorded);
}

TEST(ExponentialHistogram, LoweringTheScaleMergesBucketsInPairsAsNativeHistogramsDo) {
    ExponentialHistogram narrow;
    ExponentialHistogram widened;
    for (const std::uint64_t duration : random_durations(5000, 0.01, 0.3)) {
        narrow.record(duration);
        widened.record(duration);
    }
    widened.record(100 * kSecond);
    const Histogram before = proto_of(narrow);
    const Histogram after = proto_of(widened);
    ASSERT_EQ(before.scale(), 4);
    ASSERT_LT(after.scale(), 4);
    std::vector<std::uint64_t> expected(static_cast<std::size_t>(after.counts_size()));
    const int shift = before.scale() - after.scale();
    for (int i = 0; i < before.counts_size(); ++i) {
        expected.at(static_cast<std::size_t>(((before.offset() + i) >> shift) - after.offset())) += before.counts(i);
    }
    expected.back() += 1;
    EXPECT_EQ(std::vector<std::uint64_t>(after.counts().begin(), after.counts().end()), expected);
}

TEST(ExponentialHistogram, MergingIsRecordingEverything) {
    const auto fast = random_durations(1000, 0.0001, 0.5);
    const auto slow = random_durations(1000, 5, 1.5);
    ExponentialHistogram merged = histogram_of(fast);
    merged.merge(histogram_of(slow));
    ExponentialHistogram all = histogram_of(fast);
    for (const std::uint64_t duration : slow) all.record(duration);
    EXPECT_EQ(proto_of(merged).SerializeAsString(), proto_of(all).SerializeAsString());

    ExponentialHistogram other_way = histogram_of(slow);
    other_way.merge(histogram_of(fast));
    EXPECT_EQ(proto_of(other_way).SerializeAsString(), proto_of(all).SerializeAsString());
}

TEST(ExponentialHistogram, MergingNothingChangesNothing) {
    const auto durations = random_durations(100, 0.01, 1);
    ExponentialHistogram merged = histogram_of(durations);
    merged.merge({});
    EXPECT_EQ(proto_of(merged).SerializeAsString(), proto_of(histogram_of(durations)).SerializeAsString());
}

TEST(ExponentialHistogram, ClassicBucketsAtPowersOfTwoAreExact) {
    ExponentialHistogram histogram;
    for (const std::uint64_t duration : {kSecond / 4, kSecond / 2, kSecond / 2 + 1, kSecond, 2 * kSecond}) {
        histogram.record(duration);
    }
    const std::vector<double> boundaries{0.25, 0.5, 1, 2, 4};
    EXPECT_EQ(classic_cumulative(proto_of(histogram), boundaries), (std::vector<std::uint64_t>{1, 2, 4, 5, 5}));
}

TEST(ExponentialHistogram, AMessageMakesTheSameHistogramAgain) {
    ExponentialHistogram histogram = histogram_of(random_durations(1000, 0.02, 2));
    histogram.record(0);
    const Histogram proto = proto_of(histogram);
    const auto again = ExponentialHistogram::from_proto(proto);
    ASSERT_TRUE(again);
    EXPECT_EQ(proto_of(*again).SerializeAsString(), proto.SerializeAsString());
    EXPECT_EQ(again->count(), 1001U);
}

TEST(ExponentialHistogram, AMessageThatIsNoneOfOursIsRefused) {
    const Histogram good = proto_of(histogram_of(random_durations(10, 0.02, 1)));
    Histogram fine_scale = good;
    fine_scale.set_scale(20);
    EXPECT_FALSE(ExponentialHistogram::from_proto(fine_scale));
    Histogram far_offset = good;
    far_offset.set_offset(INT32_MAX);
    EXPECT_FALSE(ExponentialHistogram::from_proto(far_offset));
    Histogram wrong_sum = good;
    wrong_sum.set_count(11);
    EXPECT_FALSE(ExponentialHistogram::from_proto(wrong_sum));
    Histogram too_many = good;
    for (int i = 0; i < 200; ++i) too_many.add_counts(0);
    EXPECT_FALSE(ExponentialHistogram::from_proto(too_many));
}

}  // namespace
}  // namespace footfall
