// What exporters ask of the base-2 exponential histograms of a snapshot: quantiles, sums of several, classic buckets,
// coarser scales. Values are seconds, as in the histogram. Nothing here trusts its input: a histogram from a damaged file
// gives wrong numbers at worst.
//
// Within a bucket, values are taken to lie evenly on the logarithmic scale, which is the scale of the buckets: the value at
// the fraction f of bucket i is base^(i+f). Quantiles and classic buckets use the same rule, so they agree with each other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

// More buckets than this are never made: merging lowers the scale instead.
constexpr int kMaxHistogramBuckets = 1024;

// The value below which the share q (0..1) of all values lie. 0 for an empty histogram, never above the histogram's max.
[[nodiscard]] double quantile(const Histogram& histogram, double q);

// Adds `from` to `into`. The result has the coarser scale of the two, or a coarser one still if it had too many buckets.
void merge(Histogram& into, const Histogram& from);

// The same values in buckets of `scale`, which must not be finer than the histogram's own; else a plain copy. Empty buckets
// at either end are cut off.
[[nodiscard]] Histogram at_scale(const Histogram& histogram, int scale);

// Cumulative counts of values <= each boundary; boundaries must ascend. Where a boundary falls inside an exponential bucket,
// the part of its count that lies below is taken by the rule above and rounded down. They are whole numbers that ascend and
// never exceed the count; +Inf is histogram.count(). A boundary that is a power of two is exact at every scale from 0 up.
//
// The buckets of kClassicScale are split, not finer ones, because a counter must never fall: a histogram that lowers its
// scale as its values spread would move the split, and Prometheus takes a fall for a restart. At this scale 160 buckets hold
// twelve powers of ten, so no histogram of durations goes lower. The price: the split bucket is 19 % wide.
constexpr int kClassicScale = 2;
[[nodiscard]] std::vector<std::uint64_t> classic_cumulative(const Histogram& histogram, std::span<const double> boundaries);

}  // namespace footfall
