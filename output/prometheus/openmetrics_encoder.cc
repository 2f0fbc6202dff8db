#include "output/prometheus/openmetrics_encoder.h"

#include <array>

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
            return "histogram";
        case prometheus::GAUGE_HISTOGRAM:
            return "gaugehistogram";
        case prometheus::SUMMARY:
            return "summary";
        case prometheus::UNTYPED:
            return "unknown";
    }
    return "unknown";
}

std::string family_name(const MetricFamily& family) {
    constexpr std::string_view kTotal = "_total";
    std::string name = family.name();
    if (family.type() == prometheus::COUNTER && name.ends_with(kTotal)) name.resize(name.size() - kTotal.size());
    return name;
}

std::string_view unit_of(std::string_view name) {
    constexpr std::array<std::string_view, 2> kUnits = {"seconds", "bytes"};
    for (const std::string_view unit : kUnits) {
        if (name.ends_with("_" + std::string(unit))) return unit;
    }
    return {};
}

std::string bound_text(double bound) {
    std::string text = number_text(bound);
    if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
    return text;
}

void append_histogram(std::string& out, const std::string& name, const prometheus::Metric& metric) {
    const prometheus::Histogram& histogram = metric.histogram();
    for (const prometheus::Bucket& bucket : histogram.bucket()) {
        append_sample(out, name + "_bucket", metric, bound_text(bucket.upper_bound()),
                      std::to_string(bucket.cumulative_count()));
    }
    append_sample(out, name + "_bucket", metric, "+Inf", std::to_string(histogram.sample_count()));
    append_sample(out, name + "_count", metric, {}, std::to_string(histogram.sample_count()));
    append_sample(out, name + "_sum", metric, {}, number_text(histogram.sample_sum()));
}

void append_metric(std::string& out, const std::string& name, const prometheus::Metric& metric) {
    if (metric.has_histogram()) append_histogram(out, name, metric);
    if (metric.has_counter()) append_sample(out, name + "_total", metric, {}, number_text(metric.counter().value()));
    if (metric.has_gauge()) append_sample(out, name, metric, {}, number_text(metric.gauge().value()));
}

}  // namespace

std::string encode_openmetrics(std::span<const MetricFamily> families) {
    std::string out;
    for (const MetricFamily& family : families) {
        const std::string name = family_name(family);
        const std::string_view unit = unit_of(name);
        out += "# TYPE " + name + " ";
        out += type_name(family.type());
        out += '\n';
        if (!unit.empty()) out += "# UNIT " + name + " " + std::string(unit) + "\n";
        out += "# HELP " + name + " " + escaped_text(family.help(), true) + "\n";
        for (const prometheus::Metric& metric : family.metric()) append_metric(out, name, metric);
    }
    return out + "# EOF\n";
}

}  // namespace footfall
