#include "output/prometheus/text_encoder.h"

#include <limits>

#include "output/prometheus/sample_text.h"

namespace footfall {
namespace {

namespace prometheus = io::prometheus::client;

std::string_view type_name(prometheus::MetricType type) {
    switch (type) {
        case prometheus::COUNTER:
            return "counter";
        case prometheus::GAUGE:
            return "gauge";
        case prometheus::HISTOGRAM:
        case prometheus::GAUGE_HISTOGRAM:
            return "histogram";
        case prometheus::SUMMARY:
            return "summary";
        case prometheus::UNTYPED:
            return "untyped";
    }
    return "untyped";
}

void append_histogram(std::string& out, const std::string& name, const prometheus::Metric& metric) {
    const prometheus::Histogram& histogram = metric.histogram();
    for (const prometheus::Bucket& bucket : histogram.bucket()) {
        append_sample(out, name + "_bucket", metric, number_text(bucket.upper_bound()),
                      std::to_string(bucket.cumulative_count()));
    }
    append_sample(out, name + "_bucket", metric, "+Inf", std::to_string(histogram.sample_count()));
    append_sample(out, name + "_sum", metric, {}, number_text(histogram.sample_sum()));
    append_sample(out, name + "_count", metric, {}, std::to_string(histogram.sample_count()));
}

void append_metric(std::string& out, const MetricFamily& family, const prometheus::Metric& metric) {
    if (metric.has_histogram()) append_histogram(out, family.name(), metric);
    if (metric.has_counter()) append_sample(out, family.name(), metric, {}, number_text(metric.counter().value()));
    if (metric.has_gauge()) append_sample(out, family.name(), metric, {}, number_text(metric.gauge().value()));
}

}  // namespace

std::string encode_text(std::span<const MetricFamily> families) {
    std::string out;
    for (const MetricFamily& family : families) {
        out += "# HELP " + family.name() + " " + escaped_text(family.help(), false) + "\n";
        out += "# TYPE " + family.name() + " ";
        out += type_name(family.type());
        out += '\n';
        for (const prometheus::Metric& metric : family.metric()) append_metric(out, family, metric);
    }
    return out;
}

}  // namespace footfall
