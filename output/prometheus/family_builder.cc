#include "output/prometheus/family_builder.h"

#include <algorithm>
#include <array>

#include "output/prometheus/native_histogram.h"
#include "output/session/histogram_math.h"
#include "output/session/utf8.h"

namespace footfall {
namespace {

namespace prometheus = io::prometheus::client;

constexpr std::array<double, 14> kDurationBoundaries = {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                        0.5,   0.75, 1,     2.5,  5,     7.5, 10};

prometheus::MetricFamily family_of(std::string_view name, std::string_view help, prometheus::MetricType type) {
    prometheus::MetricFamily family;
    family.set_name(std::string(name));
    family.set_help(std::string(help));
    family.set_type(type);
    return family;
}

void set_number(prometheus::Metric& metric, prometheus::MetricType type, double value) {
    if (type == prometheus::COUNTER) {
        metric.mutable_counter()->set_value(value);
    } else {
        metric.mutable_gauge()->set_value(value);
    }
}

void set_classic(prometheus::Histogram& out, const Histogram& histogram) {
    out.set_sample_count(histogram.count());
    out.set_sample_sum(histogram.sum());
    const std::vector<std::uint64_t> cumulative = classic_cumulative(histogram, kDurationBoundaries);
    for (std::size_t i = 0; i < kDurationBoundaries.size(); ++i) {
        prometheus::Bucket* bucket = out.add_bucket();
        bucket->set_upper_bound(kDurationBoundaries.at(i));
        bucket->set_cumulative_count(cumulative[i]);
    }
}

}  // namespace

Labels& Labels::with(std::string_view name, std::string_view value) {
    if (!value.empty()) pairs_.emplace_back(std::string(name), to_utf8(value));
    return *this;
}

void Labels::copy_to(prometheus::Metric& metric) const {
    for (const auto& [name, value] : pairs_) {
        prometheus::LabelPair* label = metric.add_label();
        label->set_name(name);
        label->set_value(value);
    }
}

NumberFamily::NumberFamily(std::string_view name, std::string_view help, prometheus::MetricType type)
    : family_(family_of(name, help, type)) {}

void NumberFamily::raise(const Labels& labels, double value) {
    const auto [at, inserted] = values_.emplace(labels, value);
    if (!inserted) at->second = std::max(at->second, value);
}

void NumberFamily::finish(std::vector<prometheus::MetricFamily>& families) {
    for (const auto& [labels, value] : values_) {
        prometheus::Metric* metric = family_.add_metric();
        labels.copy_to(*metric);
        set_number(*metric, family_.type(), value);
    }
    if (!values_.empty()) families.push_back(std::move(family_));
}

DurationFamily::DurationFamily(std::string_view name, std::string_view help)
    : family_(family_of(name, help, prometheus::HISTOGRAM)) {}

void DurationFamily::add(const Labels& labels, const Histogram& histogram) { merge(values_[labels], histogram); }

void DurationFamily::finish(std::vector<prometheus::MetricFamily>& families) {
    for (const auto& [labels, histogram] : values_) {
        prometheus::Metric* metric = family_.add_metric();
        labels.copy_to(*metric);
        set_classic(*metric->mutable_histogram(), histogram);
        set_native(*metric->mutable_histogram(), histogram);
    }
    if (!values_.empty()) families.push_back(std::move(family_));
}

}  // namespace footfall
