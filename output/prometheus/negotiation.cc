#include "output/prometheus/negotiation.h"

#include <optional>

#include "output/http/accept.h"
#include "output/prometheus/openmetrics_encoder.h"
#include "output/prometheus/protobuf_encoder.h"
#include "output/prometheus/text_encoder.h"

namespace footfall {
namespace {

constexpr std::string_view kProtobufMessage = "io.prometheus.client.MetricFamily";

bool is_or_absent(std::string_view value, std::string_view wanted) { return value.empty() || value == wanted; }

std::optional<MetricsFormat> format_of(const AcceptedItem& item) {
    if (item.value == "application/vnd.google.protobuf" && item.parameter("proto") == kProtobufMessage &&
        item.parameter("encoding") == "delimited") {
        return MetricsFormat::kProtobuf;
    }
    if (item.value == "application/openmetrics-text" && is_or_absent(item.parameter("version"), "1.0.0")) {
        return MetricsFormat::kOpenMetrics;
    }
    const bool any_text = item.value == "text/*" || item.value == "*/*";
    if (any_text || (item.value == "text/plain" && is_or_absent(item.parameter("version"), "0.0.4"))) {
        return MetricsFormat::kText;
    }
    return std::nullopt;
}

std::string content_type_of(MetricsFormat format) {
    switch (format) {
        case MetricsFormat::kText:
            return "text/plain; version=0.0.4; charset=utf-8";
        case MetricsFormat::kOpenMetrics:
            return "application/openmetrics-text; version=1.0.0; charset=utf-8";
        case MetricsFormat::kProtobuf:
            return "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
    }
    return {};
}

std::string encode(MetricsFormat format, std::span<const MetricFamily> families) {
    switch (format) {
        case MetricsFormat::kText:
            return encode_text(families);
        case MetricsFormat::kOpenMetrics:
            return encode_openmetrics(families);
        case MetricsFormat::kProtobuf:
            return encode_protobuf(families);
    }
    return {};
}

}  // namespace

NegotiatedFormat negotiate_metrics_format(std::string_view accept) {
    for (const AcceptedItem& item : parse_accept(accept)) {
        const auto format = format_of(item);
        if (!format || item.weight == 0) continue;
        std::string content_type = content_type_of(*format);
        // Our names have only characters that need no escaping, so every scheme gives the same bytes.
        if (!item.parameter("escaping").empty()) content_type += "; escaping=underscores";
        return {*format, std::move(content_type)};
    }
    return {MetricsFormat::kText, content_type_of(MetricsFormat::kText)};
}

HttpResponse metrics_response(const HttpRequest& request, std::span<const MetricFamily> families) {
    NegotiatedFormat negotiated = negotiate_metrics_format(request.accept);
    return {.status = 200,
            .content_type = std::move(negotiated.content_type),
            .body = encode(negotiated.format, families),
            .headers = {{"Vary", "Accept"}}};
}

}  // namespace footfall
