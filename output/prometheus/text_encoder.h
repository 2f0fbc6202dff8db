// The text format of Prometheus, version 0.0.4. Native histograms have no place in it: their classic buckets stand for them.
#pragma once

#include <span>
#include <string>

#include "output/prometheus/metric_families.h"

namespace footfall {

[[nodiscard]] std::string encode_text(std::span<const MetricFamily> families);

}  // namespace footfall
