// Durations in base-2 exponential buckets: the form of OTLP's exponential and Prometheus' native histograms.
//
// Bucket i holds base^i < v <= base^(i+1) with v in seconds and base = 2^(2^-scale). Values come in as whole nanoseconds and
// are put into the right bucket exactly: the boundaries are compared as integers. Recording begins at kFinestScale, where a
// bucket is 4.4 % wide; when the values span more than kMaxBuckets, the scale drops by one and buckets merge in pairs, so
// the width squares. Zero has a bucket of its own.
//
// Quantiles and classic buckets are derived from to_proto(), by output/session/histogram_math.h.
// Not synchronized: one thread owns it. Allocates when its range of buckets grows, never otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace footfall {

class Histogram;  // the message of output/session/snapshot.proto

class ExponentialHistogram {
public:
    static constexpr int kFinestScale = 4;
    static constexpr int kCoarsestScale = -4;  // as Prometheus' schemas; two buckets hold every possible duration there
    static constexpr int kMaxBuckets = 160;

    void record(std::uint64_t nanoseconds, std::uint64_t times = 1) {
        count_ += times;
        sum_ += nanoseconds * times;
        if (nanoseconds > max_) max_ = nanoseconds;
        if (nanoseconds == 0) {
            zero_count_ += times;
            return;
        }
        const std::int32_t index = finest_index(nanoseconds) >> (kFinestScale - scale_);
        const auto slot = static_cast<std::uint32_t>(index - offset_);
        if (slot < counts_.size()) {
            counts_[slot] += times;
        } else {
            add_beyond(index, times);
        }
    }

    // Afterwards this is what it would be if it had recorded everything that `other` did.
    void merge(const ExponentialHistogram& other);

    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t zero_count() const { return zero_count_; }
    [[nodiscard]] std::uint64_t sum_nanoseconds() const { return sum_; }
    [[nodiscard]] std::uint64_t max_nanoseconds() const { return max_; }
    [[nodiscard]] int scale() const { return scale_; }

    // Without empty buckets at either end, so equal contents give equal messages.
    void to_proto(Histogram& out) const;
    // None where the message is not one that to_proto writes: a scale or a range out of bounds, or counts that don't add up.
    [[nodiscard]] static std::optional<ExponentialHistogram> from_proto(const Histogram& in);

    // The bucket of a duration at kFinestScale; nanoseconds must not be 0.
    [[nodiscard]] static std::int32_t finest_index(std::uint64_t nanoseconds);

private:
    struct Range {
        std::int32_t first = 0;
        std::int32_t last = -1;
        [[nodiscard]] bool empty() const { return last < first; }
        [[nodiscard]] std::int32_t size() const { return last - first + 1; }
    };

    [[nodiscard]] Range used() const;
    void add_beyond(std::int32_t index, std::uint64_t times);
    void make_room(Range wanted);
    void lower_scale();

    int scale_ = kFinestScale;
    std::int32_t offset_ = 0;  // the bucket of counts_[0]
    std::vector<std::uint64_t> counts_;
    std::uint64_t zero_count_ = 0;
    std::uint64_t count_ = 0;
    std::uint64_t sum_ = 0;
    std::uint64_t max_ = 0;
};

namespace histogram_tables {

// Any duration of 64 bits lies in this range of buckets at the finest scale: 1 ns = 2^-29.9 s … 2^64 ns = 2^34.1 s.
constexpr std::int32_t kLowestIndex = -30 << ExponentialHistogram::kFinestScale;
constexpr std::int32_t kIndexes = 66 << ExponentialHistogram::kFinestScale;
// A duration's highest bit and the five below it name a cell. A cell is at most 2^(1/32) … 1/32 wide, less than a bucket,
// so it has one boundary at the most and one comparison decides.
constexpr int kCellBits = 5;
constexpr std::uint32_t kCells = 64U << kCellBits;

extern const std::array<std::uint64_t, kIndexes> kUpperBounds;  // nanoseconds, rounded down, by index - kLowestIndex
extern const std::array<std::uint16_t, kCells> kFirstIndexes;   // index - kLowestIndex of a cell's lowest duration

}  // namespace histogram_tables

inline std::int32_t ExponentialHistogram::finest_index(std::uint64_t nanoseconds) {
    using namespace histogram_tables;
    const int zeros = __builtin_clzll(nanoseconds);
    const std::uint64_t mantissa = nanoseconds << zeros << 1 >> (64 - kCellBits);
    const std::uint32_t first = kFirstIndexes[(static_cast<std::uint32_t>(63 - zeros) << kCellBits) + mantissa];
    return static_cast<std::int32_t>(first + (nanoseconds > kUpperBounds[first] ? 1U : 0U)) + kLowestIndex;
}

}  // namespace footfall
