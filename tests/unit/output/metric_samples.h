// What tests ask of metric families.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/prometheus/client/metrics.pb.h"

namespace footfall {

// Of each counter or gauge of a family, its labels' values and its own.
inline std::map<std::string, double> samples(const std::vector<io::prometheus::client::MetricFamily>& families,
                                             const std::string& name) {
    std::map<std::string, double> out;
    for (const auto& family : families) {
        if (family.name() != name) continue;
        for (const auto& metric : family.metric()) {
            std::string labels;
            for (const auto& pair : metric.label()) labels += (labels.empty() ? "" : " ") + pair.value();
            out[labels] = metric.has_counter() ? metric.counter().value() : metric.gauge().value();
        }
    }
    return out;
}

}  // namespace footfall
