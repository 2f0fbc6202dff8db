// OpenMetrics text, version 1.0.0. It differs from the text format of Prometheus in small things that parsers insist on: a
// counter's family has no _total and its sample has, families say their unit, bounds are floats ("1.0"), and the text ends
// with
// "# EOF".
#pragma once

#include <span>
#include <string>

#include "output/prometheus/metric_families.h"

namespace footfall {

[[nodiscard]] std::string encode_openmetrics(std::span<const MetricFamily> families);

}  // namespace footfall
