#include "agent/usage/exponential_histogram.h"

#include <algorithm>
#include <limits>

#include "agent/base/clock.h"
#include "output/session/snapshot.pb.h"

namespace footfall {
namespace histogram_tables {
namespace {

constexpr int kScale = ExponentialHistogram::kFinestScale;
constexpr int kFractionBits = 63;
constexpr std::uint64_t kMostNanoseconds = std::numeric_limits<std::uint64_t>::max();

// floor(2^(k/16) * 2^63), k = 0 … 15.
constexpr std::array<std::uint64_t, 1U << kScale> kRoots{
    0x8000000000000000, 0x85aac367cc487b14, 0x8b95c1e3ea8bd6e6, 0x91c3d373ab11c336, 0x9837f0518db8a96f, 0x9ef5326091a111ad,
    0xa5fed6a9b15138ea, 0xad583eea42a14ac6, 0xb504f333f9de6484, 0xbd08a39f580c36be, 0xc5672a115506dadd, 0xce248c151f8480e3,
    0xd744fccad69d6af4, 0xe0ccdeec2a94e111, 0xeac0c6e7dd24392e, 0xf5257d152486cc2c,
};

// The upper bound of bucket index is 2^((index+1)/16) seconds. Whole powers of two of a second are exact.
constexpr std::uint64_t upper_bound(std::int32_t index) {
    const std::int32_t exponent = (index + 1) >> kScale;
    const auto root = kRoots[static_cast<std::uint32_t>(index + 1) & ((1U << kScale) - 1)];
    const unsigned __int128 nanoseconds = static_cast<unsigned __int128>(root) * kNanosecondsPerSecond;
    const unsigned __int128 bound = nanoseconds >> (kFractionBits - exponent);
    return bound > kMostNanoseconds ? kMostNanoseconds : static_cast<std::uint64_t>(bound);
}

constexpr auto make_upper_bounds() {
    std::array<std::uint64_t, kIndexes> bounds{};
    for (std::int32_t i = 0; i < kIndexes; ++i) bounds[static_cast<std::size_t>(i)] = upper_bound(kLowestIndex + i);
    return bounds;
}

constexpr auto make_first_indexes() {
    const auto bounds = make_upper_bounds();
    std::array<std::uint16_t, kCells> firsts{};
    std::uint16_t index = 0;
    for (std::uint32_t cell = 0; cell < kCells; ++cell) {
        const std::uint64_t top = std::uint64_t{1} << (cell >> kCellBits);
        const auto fraction = static_cast<unsigned __int128>(cell & ((1U << kCellBits) - 1));
        // Below 2^5 ns a cell's lowest duration is not whole: the next whole one is the lowest that can be met.
        const auto lowest = top + static_cast<std::uint64_t>((top * fraction + (1U << kCellBits) - 1) >> kCellBits);
        while (bounds[index] < lowest) ++index;
        firsts[cell] = index;
    }
    return firsts;
}

}  // namespace

constexpr std::array<std::uint64_t, kIndexes> kUpperBounds = make_upper_bounds();
constexpr std::array<std::uint16_t, kCells> kFirstIndexes = make_first_indexes();

}  // namespace histogram_tables

namespace {

constexpr std::int32_t kGrowth = 8;  // buckets made beyond the one needed, towards the side that grows

double seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / kNanosecondsPerSecond; }

std::uint64_t nanoseconds_of(double seconds) {
    static constexpr double kMost = 1.8e19;
    const double nanoseconds = seconds * kNanosecondsPerSecond + 0.5;
    return nanoseconds >= 0 && nanoseconds < kMost ? static_cast<std::uint64_t>(nanoseconds) : 0;
}

}  // namespace

ExponentialHistogram::Range ExponentialHistogram::used() const {
    const auto filled = [](std::uint64_t count) { return count != 0; };
    const auto first = std::find_if(counts_.begin(), counts_.end(), filled);
    const auto last = std::find_if(counts_.rbegin(), counts_.rend(), filled);
    return {offset_ + static_cast<std::int32_t>(first - counts_.begin()),
            offset_ + static_cast<std::int32_t>(counts_.rend() - last) - 1};
}

void ExponentialHistogram::lower_scale() {
    const Range range = used();
    const std::int32_t new_offset = range.first >> 1;
    std::vector<std::uint64_t> merged;
    if (!range.empty()) merged.resize(static_cast<std::size_t>((range.last >> 1) - new_offset) + 1);
    for (std::int32_t i = range.first; i <= range.last; ++i) {
        merged[static_cast<std::size_t>((i >> 1) - new_offset)] += counts_[static_cast<std::size_t>(i - offset_)];
    }
    counts_ = std::move(merged);
    offset_ = range.empty() ? 0 : new_offset;
    --scale_;
}

// wanted holds all that is used and is at most kMaxBuckets long. Growing by more than was asked for keeps allocations rare.
void ExponentialHistogram::make_room(Range wanted) {
    const Range range = used();
    const std::int32_t spare = std::min(kGrowth, kMaxBuckets - wanted.size());
    if (!range.empty() && wanted.first < range.first) {
        wanted.first -= spare;
    } else {
        wanted.last += spare;
    }
    std::vector<std::uint64_t> grown(static_cast<std::size_t>(wanted.size()));
    for (std::int32_t i = range.first; i <= range.last; ++i) {
        grown[static_cast<std::size_t>(i - wanted.first)] = counts_[static_cast<std::size_t>(i - offset_)];
    }
    counts_ = std::move(grown);
    offset_ = wanted.first;
}

void ExponentialHistogram::add_beyond(std::int32_t index, std::uint64_t times) {
    Range wanted{index, index};
    for (;;) {
        const Range range = used();
        if (!range.empty()) wanted = {std::min(range.first, index), std::max(range.last, index)};
        if (wanted.size() <= kMaxBuckets) break;
        lower_scale();
        index >>= 1;
    }
    const bool inside = index >= offset_ && index - offset_ < static_cast<std::int32_t>(counts_.size());
    if (!inside) make_room(wanted);
    counts_[static_cast<std::size_t>(index - offset_)] += times;
}

void ExponentialHistogram::merge(const ExponentialHistogram& other) {
    const int other_scale = other.scale_;
    while (scale_ > other_scale) lower_scale();
    const Range range = other.used();
    for (std::int32_t i = range.first; i <= range.last; ++i) {
        const std::uint64_t times = other.counts_[static_cast<std::size_t>(i - other.offset_)];
        if (times != 0) add_beyond(i >> (other_scale - scale_), times);
    }
    zero_count_ += other.zero_count_;
    count_ += other.count_;
    sum_ += other.sum_;
    max_ = std::max(max_, other.max_);
}

void ExponentialHistogram::to_proto(Histogram& out) const {
    const Range range = used();
    out.Clear();
    out.set_scale(scale_);
    out.set_zero_count(zero_count_);
    out.set_count(count_);
    out.set_sum(seconds(sum_));
    out.set_max(seconds(max_));
    if (range.empty()) return;
    out.set_offset(range.first);
    const auto* first = counts_.data() + (range.first - offset_);
    out.mutable_counts()->Add(first, first + range.size());
}

std::optional<ExponentialHistogram> ExponentialHistogram::from_proto(const Histogram& in) {
    using histogram_tables::kIndexes;
    using histogram_tables::kLowestIndex;
    if (in.scale() < kCoarsestScale || in.scale() > kFinestScale || in.counts_size() > kMaxBuckets) return std::nullopt;
    const int shift = kFinestScale - in.scale();
    const std::int64_t last = std::int64_t{in.offset()} + in.counts_size();
    if (in.offset() < (kLowestIndex >> shift) || last > ((kLowestIndex + kIndexes) >> shift) + 1) return std::nullopt;
    std::uint64_t total = in.zero_count();
    for (const std::uint64_t count : in.counts()) total += count;
    if (total != in.count()) return std::nullopt;

    ExponentialHistogram out;
    out.scale_ = in.scale();
    out.offset_ = in.offset();
    out.counts_.assign(in.counts().begin(), in.counts().end());
    out.zero_count_ = in.zero_count();
    out.count_ = in.count();
    out.sum_ = nanoseconds_of(in.sum());
    out.max_ = nanoseconds_of(in.max());
    return out;
}

}  // namespace footfall
