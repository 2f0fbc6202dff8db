#include "output/prometheus/native_histogram.h"

#include <algorithm>
#include <cmath>

#include "output/session/histogram_math.h"

namespace footfall {
namespace {

namespace prometheus = io::prometheus::client;

constexpr int kFinestSchema = 8;
constexpr int kCoarsestSchema = -4;
constexpr int kMaxZerosInSpan = 2;  // a longer run of empty buckets is cheaper as a new span
constexpr double kZeroThreshold = 0x1p-128;

Histogram with_native_scale(const Histogram& histogram) {
    int scale = std::min(histogram.scale(), kFinestSchema);
    Histogram out = at_scale(histogram, scale);
    while (out.counts_size() > kMaxNativeBuckets && scale > kCoarsestSchema) out = at_scale(histogram, --scale);
    return out;
}

// The first used bucket from `from` on, or the number of buckets.
int next_used(const Histogram& histogram, int from) {
    while (from < histogram.counts_size() && histogram.counts(from) == 0) ++from;
    return from;
}

class SpanWriter {
public:
    explicit SpanWriter(prometheus::Histogram& out) : out_(out) {}

    // Buckets come in the order of their indexes; `gap` empty ones are before this one.
    void add(std::int32_t gap, std::uint64_t count) {
        if (span_ == nullptr || gap > kMaxZerosInSpan) {
            span_ = out_.add_positive_span();
            span_->set_offset(gap);
            span_->set_length(0);
            gap = 0;
        }
        for (; gap > 0; --gap) append(0);
        append(count);
    }

private:
    void append(std::uint64_t count) {
        out_.add_positive_delta(static_cast<std::int64_t>(count - previous_));
        span_->set_length(span_->length() + 1);
        previous_ = count;
    }

    prometheus::Histogram& out_;
    prometheus::BucketSpan* span_ = nullptr;
    std::uint64_t previous_ = 0;
};

}  // namespace

void set_native(prometheus::Histogram& out, const Histogram& histogram) {
    const Histogram native = with_native_scale(histogram);
    if (native.scale() < kCoarsestSchema) return;
    out.set_schema(native.scale());
    out.set_zero_threshold(kZeroThreshold);
    out.set_zero_count(native.zero_count());

    SpanWriter spans(out);
    int previous_end = -(native.offset() + 1);  // the first gap is counted from bucket 0
    for (int i = next_used(native, 0); i < native.counts_size(); i = next_used(native, i + 1)) {
        spans.add(i - previous_end, native.counts(i));
        previous_end = i + 1;
    }
    if (out.positive_span().empty()) {  // marks a native histogram that is empty so far
        prometheus::BucketSpan* span = out.add_positive_span();
        span->set_offset(0);
        span->set_length(0);
    }
}

}  // namespace footfall
