#include "output/prometheus/function_metrics.h"

#include "output/prometheus/family_builder.h"

namespace footfall {
namespace {

using io::prometheus::client::COUNTER;
using io::prometheus::client::GAUGE;

constexpr const char* kOther = "other";

Labels labels_of(const FunctionFile& file) {
    Labels labels;
    labels.with("file", file.path()).with("build_id", file.build_id());
    return labels;
}

const char* state_of(const FunctionUse& function) {
    if (!function.not_counted().empty()) return "not_counted";
    if (function.hot()) return "hot";
    return function.calls() > 0 ? "used" : "unused";
}

}  // namespace

bool FunctionMetrics::has_series(const FunctionFile& file, const FunctionUse& function) {
    auto key = std::make_tuple(file.path(), file.build_id(), function.name());
    if (known_.size() >= most_) return known_.contains(key);
    known_.insert(std::move(key));
    return true;
}

void FunctionMetrics::add(const Snapshot& snapshot, std::vector<io::prometheus::client::MetricFamily>& families) {
    NumberFamily calls("footfall_function_calls_total", "Calls of each function that was called.", COUNTER);
    DurationFamily durations("footfall_function_duration_seconds", "How long calls of functions took.");
    NumberFamily states("footfall_functions", "Functions that were picked, by whether they were called.", GAUGE);
    for (const FunctionFile& file : snapshot.function_files()) {
        for (const char* state : {"used", "unused", "hot", "not_counted"})
            states.add(labels_of(file).with("state", state), 0);
        for (const FunctionUse& function : file.functions()) {
            states.add(labels_of(file).with("state", state_of(function)), 1);
            const bool is_exact = !function.hot() && (!file.coverage() || function.kind() == "usdt");
            if (!is_exact || function.calls() == 0) continue;
            const Labels labels = labels_of(file).with("function", has_series(file, function) ? function.name() : kOther);
            calls.add(labels, static_cast<double>(function.calls()));
            if (function.has_duration()) durations.add(labels, function.duration());
        }
    }
    calls.finish(families);
    durations.finish(families);
    states.finish(families);
}

}  // namespace footfall
