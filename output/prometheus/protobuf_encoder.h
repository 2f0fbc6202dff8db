// The protobuf format of Prometheus: MetricFamily messages, each behind its length. The only one that carries native
// histograms.
#pragma once

#include <span>
#include <string>

#include "output/prometheus/metric_families.h"

namespace footfall {

[[nodiscard]] std::string encode_protobuf(std::span<const MetricFamily> families);

}  // namespace footfall
