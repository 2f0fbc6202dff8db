// Which of the formats a scraper gets: the one it weighs highest in its Accept header, and text 0.0.4 where it names none
// that we have. The usual libraries do the same.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "output/http/http_message.h"
#include "output/prometheus/metric_families.h"

namespace footfall {

enum class MetricsFormat : std::uint8_t { kText, kOpenMetrics, kProtobuf };

struct NegotiatedFormat {
    MetricsFormat format = MetricsFormat::kText;
    std::string content_type;
};

[[nodiscard]] NegotiatedFormat negotiate_metrics_format(std::string_view accept);

// The answer to GET /metrics.
[[nodiscard]] HttpResponse metrics_response(const HttpRequest& request, std::span<const MetricFamily> families);

}  // namespace footfall
