#include "output/session/histogram_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace footfall {
namespace {

constexpr int kFinestScale = 30;
constexpr int kCoarsestScale = -30;

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
    std::uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<std::uint64_t>::max() : sum;
}

int usable_scale(int scale) { return std::clamp(scale, kCoarsestScale, kFinestScale); }

// base^position
double value_at(int scale, double position) { return std::exp2(std::ldexp(position, -usable_scale(scale))); }

// The inverse: where on the scale of bucket indexes a value lies.
double position_of(int scale, double value) { return std::ldexp(std::log2(value), usable_scale(scale)); }

std::uint64_t total(const Histogram& histogram) {
    std::uint64_t sum = histogram.zero_count();
    for (const std::uint64_t count : histogram.counts()) sum = add(sum, count);
    return sum;
}

double cap(double value, const Histogram& histogram) {
    const double max = histogram.max();
    return max > 0 && std::isfinite(max) ? std::min(value, max) : value;
}

// The buckets that hold something, by absolute index.
struct Extent {
    std::int64_t first = 0;
    std::int64_t last = -1;
    [[nodiscard]] bool empty() const { return last < first; }
    [[nodiscard]] std::int64_t size() const { return last - first + 1; }
    [[nodiscard]] Extent coarser(int scales) const;
};

// The bucket that holds bucket `index`, so many scales coarser.
std::int64_t coarser_index(std::int64_t index, int scales) {
    constexpr int kAllBits = 63;
    return index >> std::min(scales, kAllBits);
}

Extent Extent::coarser(int scales) const {
    return empty() ? *this : Extent{coarser_index(first, scales), coarser_index(last, scales)};
}

Extent extent_of(const Histogram& histogram) {
    const auto& counts = histogram.counts();
    const auto used = [](std::uint64_t count) { return count != 0; };
    const auto first = std::find_if(counts.begin(), counts.end(), used);
    if (first == counts.end()) return {};
    const auto last = std::find_if(counts.rbegin(), counts.rend(), used).base() - 1;
    const std::int64_t offset = histogram.offset();
    return {offset + (first - counts.begin()), offset + (last - counts.begin())};
}

Extent both(const Extent& a, const Extent& b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    return {std::min(a.first, b.first), std::max(a.last, b.last)};
}

// Adds the buckets of `from`, so many scales coarser, to counts whose first bucket is `first`.
void add_buckets(google::protobuf::RepeatedField<std::uint64_t>& counts, std::int64_t first, const Histogram& from,
                 int scales) {
    for (int i = 0; i < from.counts_size(); ++i) {
        if (from.counts(i) == 0) continue;
        const std::int64_t index = coarser_index(std::int64_t{from.offset()} + i, scales) - first;
        counts[static_cast<int>(index)] = add(counts[static_cast<int>(index)], from.counts(i));
    }
}

// Both in the buckets of `scale` or of a coarser one, few enough of them.
void fill_buckets(Histogram& out, const Histogram& a, const Histogram& b, int scale) {
    const int a_scale = usable_scale(a.scale());
    const int b_scale = usable_scale(b.scale());
    const Extent a_extent = extent_of(a);
    const Extent b_extent = extent_of(b);
    const auto extent_at = [&](int at) { return both(a_extent.coarser(a_scale - at), b_extent.coarser(b_scale - at)); };
    while (extent_at(scale).size() > kMaxHistogramBuckets) --scale;  // ends: at last all indexes are 0 or -1

    const Extent extent = extent_at(scale);
    out.set_scale(scale);
    out.clear_counts();
    out.set_offset(extent.empty() ? 0 : static_cast<std::int32_t>(extent.first));
    out.mutable_counts()->Resize(static_cast<int>(extent.size()), 0);
    add_buckets(*out.mutable_counts(), extent.first, a, a_scale - scale);
    add_buckets(*out.mutable_counts(), extent.first, b, b_scale - scale);
}

}  // namespace

double quantile(const Histogram& histogram, double q) {
    const double rank = std::clamp(q, 0.0, 1.0) * static_cast<double>(total(histogram));
    auto below = static_cast<double>(histogram.zero_count());
    if (rank <= below) return 0;

    std::int64_t last_used = 0;
    for (int i = 0; i < histogram.counts_size(); ++i) {
        const auto count = static_cast<double>(histogram.counts(i));
        if (count == 0) continue;
        last_used = std::int64_t{histogram.offset()} + i;
        if (below + count >= rank) {
            return cap(value_at(histogram.scale(), static_cast<double>(last_used) + (rank - below) / count), histogram);
        }
        below += count;
    }
    return cap(value_at(histogram.scale(), static_cast<double>(last_used + 1)), histogram);
}

void merge(Histogram& into, const Histogram& from) {
    Histogram merged;
    const bool nothing_yet = extent_of(into).empty();
    const bool nothing_new = extent_of(from).empty();
    int scale = std::min(usable_scale(into.scale()), usable_scale(from.scale()));
    if (nothing_yet) scale = usable_scale(from.scale());
    if (nothing_new) scale = usable_scale(into.scale());
    fill_buckets(merged, into, from, scale);
    merged.set_zero_count(add(into.zero_count(), from.zero_count()));
    merged.set_count(add(into.count(), from.count()));
    merged.set_sum(into.sum() + from.sum());
    merged.set_max(std::max(into.max(), from.max()));
    into.Swap(&merged);
}

Histogram at_scale(const Histogram& histogram, int scale) {
    if (scale > histogram.scale()) return histogram;
    Histogram out = histogram;
    fill_buckets(out, histogram, Histogram{}, usable_scale(scale));
    return out;
}

std::vector<std::uint64_t> classic_cumulative(const Histogram& given, std::span<const double> boundaries) {
    const Histogram histogram = at_scale(given, kClassicScale);
    std::vector<std::uint64_t> cumulative;
    cumulative.reserve(boundaries.size());
    std::uint64_t below = histogram.zero_count();  // in all buckets before bucket i
    int i = 0;
    for (const double boundary : boundaries) {
        const double position = boundary > 0 ? position_of(histogram.scale(), boundary) - histogram.offset() : 0.0;
        for (; i < histogram.counts_size() && i + 1 <= position; ++i) below = add(below, histogram.counts(i));
        std::uint64_t inside = 0;
        if (i < histogram.counts_size() && position > i) {
            inside = static_cast<std::uint64_t>((position - i) * static_cast<double>(histogram.counts(i)));
            inside = std::min(inside, histogram.counts(i));
        }
        cumulative.push_back(std::min(add(below, inside), histogram.count()));
    }
    return cumulative;
}

}  // namespace footfall
