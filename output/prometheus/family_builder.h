// Makes one metric family, with one metric for each set of labels: what is added twice under the same labels is summed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/prometheus/client/metrics.pb.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

class Labels {
public:
    // Empty values are left out; bytes that are not UTF-8 become U+FFFD.
    Labels& with(std::string_view name, std::string_view value);

    bool operator<(const Labels& other) const { return pairs_ < other.pairs_; }
    void copy_to(io::prometheus::client::Metric& metric) const;

private:
    std::vector<std::pair<std::string, std::string>> pairs_;
};

// Counters and gauges.
class NumberFamily {
public:
    NumberFamily(std::string_view name, std::string_view help, io::prometheus::client::MetricType type);

    void add(const Labels& labels, double value) { values_[labels] += value; }
    // For values of which the greatest counts, such as a time.
    void raise(const Labels& labels, double value);

    // Moves the family to the end of `families`; one without metrics is left out.
    void finish(std::vector<io::prometheus::client::MetricFamily>& families);

private:
    io::prometheus::client::MetricFamily family_;
    std::map<Labels, double> values_;
};

// Histograms of seconds, with classic buckets at the boundaries that the OpenTelemetry conventions give for durations, and
// as native histograms.
class DurationFamily {
public:
    DurationFamily(std::string_view name, std::string_view help);

    void add(const Labels& labels, const Histogram& histogram);
    void finish(std::vector<io::prometheus::client::MetricFamily>& families);

private:
    io::prometheus::client::MetricFamily family_;
    std::map<Labels, Histogram> values_;
};

}  // namespace footfall
