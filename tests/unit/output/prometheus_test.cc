#include <gmock/gmock.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "output/prometheus/metric_families.h"
#include "output/prometheus/native_histogram.h"
#include "output/prometheus/negotiation.h"
#include "output/prometheus/openmetrics_encoder.h"
#include "output/prometheus/process_metrics.h"
#include "output/prometheus/protobuf_encoder.h"
#include "output/prometheus/sample_text.h"
#include "output/prometheus/text_encoder.h"
#include "tests/unit/output/example_snapshot.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

namespace prometheus = io::prometheus::client;
using testing::HasSubstr;
using testing::Not;

AgentStatus example_status() {
    return {.version = "0.1.0",
            .kernel = "6.1.0-18-amd64",
            .ring_bytes = 8 << 20,
            .drop_reasons = {"ring_full", "no_connection_state", "unknown_connection"},
            .lost_reasons = {"gap", "unfinished"},
            .cpu_seconds = 1.25,
            .resident_bytes = 24'641'536,
            .virtual_bytes = 200'000'000,
            .open_fds = 17,
            .max_fds = 1'024,
            .start_time_unix_seconds = 1763833970.5};
}

Snapshot hostile_snapshot() {
    Snapshot snapshot = example_snapshot();
    Operation& operation = *snapshot.mutable_operations(0);
    operation.set_service("a\\b\"c\nd\r\t\x1b[31m\xff");
    operation.set_route("/{x=\"},y} 1\n# EOF\n");
    operation.set_operation("GET \xc0\xaf\"\\\n");
    (*snapshot.mutable_accounting()->mutable_dropped())["we\"ird\n"] = 3;
    return snapshot;
}

std::vector<MetricFamily> example_families() { return metric_families(example_snapshot(), example_status()); }

const MetricFamily* find(const std::vector<MetricFamily>& families, const std::string& name) {
    for (const MetricFamily& family : families) {
        if (family.name() == name) return &family;
    }
    return nullptr;
}

std::string label(const prometheus::Metric& metric, const std::string& name) {
    for (const auto& pair : metric.label()) {
        if (pair.name() == name) return pair.value();
    }
    return {};
}

// The native buckets, by index, as a reader of Prometheus's data model unpacks them.
std::map<int, std::int64_t> unpacked(const prometheus::Histogram& histogram) {
    std::map<int, std::int64_t> out;
    int index = 0;
    int delta = 0;
    std::int64_t count = 0;
    for (const auto& span : histogram.positive_span()) {
        index += span.offset();
        for (std::uint32_t i = 0; i < span.length(); ++i, ++index) {
            count += histogram.positive_delta(delta++);
            if (count != 0) out[index] = count;
        }
    }
    EXPECT_EQ(delta, histogram.positive_delta_size());
    return out;
}

TEST(MetricFamilies, WhatIsNeverAnsweredIsCountedAndHasNoDurations) {
    Snapshot snapshot = example_snapshot();
    for (Operation& operation : *snapshot.mutable_operations()) {
        for (OutcomeUse& outcome : *operation.mutable_outcomes()) outcome.clear_latency();
    }
    const auto without = metric_families(snapshot, example_status());
    const auto with = example_families();
    const auto metrics = [](const std::vector<MetricFamily>& families, const std::string& name) {
        const MetricFamily* family = find(families, name);
        return family == nullptr ? 0 : family->metric_size();
    };
    EXPECT_GT(metrics(with, "http_server_request_duration_seconds"), 0);
    EXPECT_EQ(metrics(without, "http_server_request_duration_seconds"), 0);
    EXPECT_EQ(metrics(without, "footfall_operation_uses_total"), metrics(with, "footfall_operation_uses_total"));
}

TEST(MetricFamilies, ConsumersAreThoseOfServers) {
    const auto families = example_families();
    const MetricFamily* family = find(families, "footfall_operation_distinct_consumers");
    ASSERT_NE(family, nullptr);
    for (const auto& metric : family->metric()) EXPECT_EQ(label(metric, "role"), "server");
}

TEST(MetricFamilies, CostsAreThoseOfServersAndWaitsAddUp) {
    const auto families = example_families();
    const MetricFamily* cpu = find(families, "footfall_operation_cpu_seconds_total");
    ASSERT_NE(cpu, nullptr);
    ASSERT_EQ(cpu->metric_size(), 1);
    EXPECT_EQ(label(cpu->metric(0), "operation"), "GET /orders/{id}");
    EXPECT_DOUBLE_EQ(cpu->metric(0).counter().value(), 0.412);
    const MetricFamily* waits = find(families, "footfall_operation_wait_seconds_total");
    ASSERT_NE(waits, nullptr);
    double sum = 0;
    for (const auto& metric : waits->metric()) sum += metric.counter().value();
    EXPECT_DOUBLE_EQ(sum, 0.6);
    const MetricFamily* service = find(families, "footfall_service_cpu_seconds_total");
    ASSERT_NE(service, nullptr);
    EXPECT_DOUBLE_EQ(service->metric(0).counter().value(), 0.5);
}

TEST(MetricFamilies, HasEveryNameThatIsPromised) {
    const auto families = example_families();
    for (const char* name :
         {"http_server_request_duration_seconds", "http_client_request_duration_seconds", "footfall_build_info",
          "footfall_events_received_total", "footfall_events_exported_total", "footfall_events_dropped_total",
          "footfall_exchanges_lost_total", "footfall_operation_uses_total", "footfall_operation_last_seen_timestamp_seconds",
          "footfall_operation_distinct_consumers", "footfall_blind_spots", "process_cpu_seconds_total",
          "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
          "process_start_time_seconds"}) {
        const MetricFamily* family = find(families, name);
        ASSERT_NE(family, nullptr) << name;
        EXPECT_FALSE(family->help().empty()) << name;
        EXPECT_TRUE(family->has_type()) << name;
    }
}

// One use of an operation, as the conventions of its kind have it: "name{label=value,…}".
std::string duration_series(const std::string& kind, const std::string& method, const std::string& route,
                            const std::string& outcome, const std::string& error_type, OperationRole role) {
    Snapshot snapshot;
    Operation& operation = *snapshot.add_operations();
    operation.set_service("shop");
    operation.set_role(role);
    operation.set_kind(kind);
    operation.set_method(method);
    operation.set_route(route);
    operation.set_operation(method + " " + route);
    *operation.add_outcomes() = outcome_of(outcome, error_type, {0.001});
    for (const MetricFamily& family : metric_families(snapshot, example_status())) {
        if (!family.name().ends_with("_duration_seconds")) continue;
        std::string text = family.name() + "{";
        for (const auto& pair : family.metric(0).label()) text += pair.name() + "=" + pair.value() + ",";
        return text + "}";
    }
    return {};
}

TEST(MetricFamilies, DatabaseCommandsHaveTheNamesOfTheirConvention) {
    EXPECT_EQ(duration_series("postgresql", "SELECT", "orders", "42P01", "42P01", ROLE_CLIENT),
              "db_client_operation_duration_seconds{service_name=shop,db_system_name=postgresql,db_operation_name=SELECT,"
              "db_collection_name=orders,error_type=42P01,}");
    EXPECT_EQ(duration_series("redis", "GET", "", "ok", "", ROLE_SERVER),
              "db_server_operation_duration_seconds{service_name=shop,db_system_name=redis,db_operation_name=GET,}");
}

TEST(MetricFamilies, CallsHaveTheNamesOfTheirConvention) {
    EXPECT_EQ(duration_series("grpc", "", "shop.Orders/Place", "ok", "", ROLE_SERVER),
              "rpc_server_call_duration_seconds{service_name=shop,rpc_system_name=grpc,rpc_method=shop.Orders/Place,"
              "rpc_response_status_code=OK,}");
    EXPECT_EQ(duration_series("grpc", "", "shop.Orders/Place", "NOT_FOUND", "NOT_FOUND", ROLE_CLIENT),
              "rpc_client_call_duration_seconds{service_name=shop,rpc_system_name=grpc,rpc_method=shop.Orders/Place,"
              "rpc_response_status_code=NOT_FOUND,error_type=NOT_FOUND,}");
}

TEST(MetricFamilies, CommandsAreNamedWhole) {
    EXPECT_EQ(duration_series("command", "git", "status", "exit 128", "exit 128", ROLE_CLIENT),
              "footfall_command_duration_seconds{service_name=shop,command=git status,error_type=exit 128,}");
}

TEST(MetricFamilies, NoFamilyAndNoSetOfLabelsComesTwice) {
    Snapshot snapshot = example_snapshot();
    *snapshot.add_operations() = snapshot.operations(0);
    *snapshot.add_blind_spots() = snapshot.blind_spots(0);
    std::set<std::string> names;
    for (const MetricFamily& family : metric_families(snapshot, example_status())) {
        EXPECT_TRUE(names.insert(family.name()).second) << family.name();
        std::set<std::string> labels;
        for (const auto& metric : family.metric()) {
            std::string key;
            for (const auto& pair : metric.label()) key += pair.name() + "=" + pair.value() + ";";
            EXPECT_TRUE(labels.insert(key).second) << family.name() << key;
        }
    }
}

TEST(MetricFamilies, EveryLossHasASeriesBeforeItHappens) {
    const auto families = example_families();
    const MetricFamily* dropped = find(families, "footfall_events_dropped_total");
    ASSERT_NE(dropped, nullptr);
    std::map<std::string, double> values;
    for (const auto& metric : dropped->metric()) values[label(metric, "reason")] = metric.counter().value();
    EXPECT_EQ(values, (std::map<std::string, double>{
                          {"malformed_event", 0}, {"no_connection_state", 0}, {"ring_full", 8}, {"unknown_connection", 2}}));
}

TEST(MetricFamilies, DurationsHaveTheLabelsOfOpenTelemetry) {
    const auto families = example_families();
    const MetricFamily* server = find(families, "http_server_request_duration_seconds");
    ASSERT_EQ(server->metric_size(), 2);
    const auto& ok = server->metric(0);
    EXPECT_EQ(label(ok, "service_name"), "nginx");
    EXPECT_EQ(label(ok, "http_request_method"), "GET");
    EXPECT_EQ(label(ok, "http_route"), "/orders/{id}");
    EXPECT_EQ(label(ok, "url_scheme"), "https");
    EXPECT_EQ(label(ok, "http_response_status_code"), "200");
    EXPECT_EQ(label(ok, "error_type"), "");
    EXPECT_EQ(label(server->metric(1), "error_type"), "500");

    const MetricFamily* client = find(families, "http_client_request_duration_seconds");
    ASSERT_EQ(client->metric_size(), 2);
    for (const auto& metric : client->metric()) {
        const bool cut = label(metric, "error_type") == "reset";
        EXPECT_EQ(label(metric, "url_scheme"), "http");
        EXPECT_EQ(label(metric, "http_response_status_code"), cut ? "" : "200");
    }
}

TEST(MetricFamilies, BothSchemesOfARouteAreCountedApart) {
    Snapshot snapshot;
    Operation& operation = *snapshot.add_operations() = http_operation("shop", ROLE_SERVER, "GET", "/cart");
    *operation.add_outcomes() = outcome_of("200", "", evenly(7, 0.01, 0.02));
    *operation.add_outcomes() = outcome_of("200", "", evenly(5, 0.01, 0.02));
    operation.mutable_outcomes(1)->set_tls(true);
    const auto families = metric_families(snapshot, example_status());
    std::map<std::string, std::uint64_t> counts;
    for (const auto& metric : find(families, "http_server_request_duration_seconds")->metric()) {
        counts[label(metric, "url_scheme")] = metric.histogram().sample_count();
    }
    EXPECT_EQ(counts, (std::map<std::string, std::uint64_t>{{"http", 7}, {"https", 5}}));
}

TEST(MetricFamilies, ADatabasesCommandIsOneWhetherOverTlsOrNot) {
    Snapshot snapshot;
    Operation& operation = *snapshot.add_operations();
    operation.set_kind("redis");
    operation.set_method("GET");
    operation.set_role(ROLE_SERVER);
    *operation.add_outcomes() = outcome_of("ok", "", evenly(7, 0.01, 0.02));
    *operation.add_outcomes() = outcome_of("ok", "", evenly(5, 0.01, 0.02));
    operation.mutable_outcomes(1)->set_tls(true);
    const auto families = metric_families(snapshot, example_status());
    const MetricFamily* family = find(families, "db_server_operation_duration_seconds");
    ASSERT_EQ(family->metric_size(), 1);
    EXPECT_EQ(family->metric(0).histogram().sample_count(), 12U);
}

TEST(MetricFamilies, ClassicBucketsAscendToTheCount) {
    const auto families = example_families();
    for (const auto& metric : find(families, "http_server_request_duration_seconds")->metric()) {
        const auto& histogram = metric.histogram();
        ASSERT_EQ(histogram.bucket_size(), 14);
        EXPECT_DOUBLE_EQ(histogram.bucket(0).upper_bound(), 0.005);
        EXPECT_DOUBLE_EQ(histogram.bucket(13).upper_bound(), 10);
        std::uint64_t previous = 0;
        for (const auto& bucket : histogram.bucket()) {
            EXPECT_GE(bucket.cumulative_count(), previous);
            previous = bucket.cumulative_count();
        }
        EXPECT_EQ(previous, histogram.sample_count());
    }
}

TEST(NativeHistogram, HasTheSameBucketsNumberedOneHigher) {
    const Histogram histogram = histogram_of({1.0, 1.0, 1.5, 64, 0}, 0);
    prometheus::Histogram out;
    set_native(out, histogram);
    EXPECT_EQ(out.schema(), 0);
    EXPECT_EQ(out.zero_count(), 1U);
    // In Prometheus, bucket i of schema 0 holds 2^(i-1) < v <= 2^i.
    EXPECT_EQ(unpacked(out), (std::map<int, std::int64_t>{{0, 2}, {1, 1}, {6, 1}}));
}

TEST(NativeHistogram, KeepsEveryValueAndStaysSmall) {
    for (const int scale : {-6, -4, 0, 5, 8, 12, 20}) {
        std::vector<double> values;
        values.reserve(2'000);
        for (int i = 0; i < 2'000; ++i) values.push_back(1e-6 * std::pow(1.006, i));
        if (scale > 8) values.resize(20);
        prometheus::Histogram out;
        set_native(out, histogram_of(values, scale));
        if (scale < -4) {
            EXPECT_FALSE(out.has_schema());
            continue;
        }
        std::int64_t sum = 0;
        const auto buckets = unpacked(out);
        for (const auto& [index, count] : buckets) sum += count;
        EXPECT_EQ(sum, static_cast<std::int64_t>(values.size())) << scale;
        EXPECT_LE(buckets.size(), 160U);
        EXPECT_LE(out.schema(), 8);
    }
}

TEST(NativeHistogram, AnEmptyOneIsStillMarkedAsNative) {
    prometheus::Histogram out;
    set_native(out, Histogram{});
    EXPECT_TRUE(out.has_schema());
    EXPECT_EQ(out.positive_span_size(), 1);
    EXPECT_TRUE(unpacked(out).empty());
}

TEST(SampleText, NumbersReadBackAsThemselves) {
    for (const double value : {0.0, 1.0, -1.0, 0.1, 1e-9, 1.5e300, 12345678.0, 1763833989.25}) {
        EXPECT_EQ(std::strtod(number_text(value).c_str(), nullptr), value);
    }
    EXPECT_EQ(number_text(12345), "12345");
    EXPECT_EQ(number_text(INFINITY), "+Inf");
    EXPECT_EQ(number_text(-INFINITY), "-Inf");
    EXPECT_EQ(number_text(NAN), "NaN");
}

TEST(TextEncoder, PrintsAHistogramAsPrometheusExpectsIt) {
    const std::string text = encode_text(example_families());
    const std::string labels = R"(service_name="nginx",http_request_method="GET",http_route="/orders/{id}",)"
                               R"(url_scheme="https",http_response_status_code="200")";
    EXPECT_THAT(text, HasSubstr("# TYPE http_server_request_duration_seconds histogram\n"));
    EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_bucket{" + labels + ",le=\"0.005\"} 1000\n"));
    EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_bucket{" + labels + ",le=\"+Inf\"} 1000\n"));
    EXPECT_THAT(text, HasSubstr("http_server_request_duration_seconds_count{" + labels + "} 1000\n"));
    EXPECT_THAT(text, HasSubstr("footfall_events_received_total 12345\n"));
}

TEST(TextEncoder, HostileNamesStayInTheirQuotes) {
    const std::string text = encode_text(metric_families(hostile_snapshot(), example_status()));
    EXPECT_THAT(text, HasSubstr(R"(service_name="a\\b\"c\nd)"));
    EXPECT_THAT(text, Not(HasSubstr("\n# EOF")));
}

TEST(OpenMetricsEncoder, FollowsTheRulesThatDifferFromText) {
    const std::string text = encode_openmetrics(example_families());
    EXPECT_TRUE(text.ends_with("# EOF\n"));
    EXPECT_THAT(text, HasSubstr("# TYPE footfall_events_received counter\n"));
    EXPECT_THAT(text, HasSubstr("\nfootfall_events_received_total 12345\n"));
    EXPECT_THAT(text, HasSubstr("# UNIT http_server_request_duration_seconds seconds\n"));
    EXPECT_THAT(text, HasSubstr("# UNIT process_cpu_seconds seconds\n"));
    EXPECT_THAT(text, HasSubstr(",le=\"1.0\"}"));
}

TEST(ProtobufEncoder, ReadsBackFamilyByFamily) {
    const auto families = example_families();
    const std::string bytes = encode_protobuf(families);
    google::protobuf::io::ArrayInputStream stream(bytes.data(), static_cast<int>(bytes.size()));
    for (const MetricFamily& family : families) {
        MetricFamily read;
        bool at_end = false;
        ASSERT_TRUE(google::protobuf::util::ParseDelimitedFromZeroCopyStream(&read, &stream, &at_end));
        EXPECT_EQ(read.SerializeAsString(), family.SerializeAsString());
    }
}

TEST(Negotiation, GivesWhatIsWeighedHighest) {
    const auto format = [](const char* accept) { return negotiate_metrics_format(accept).format; };
    EXPECT_EQ(format(""), MetricsFormat::kText);
    EXPECT_EQ(format("*/*"), MetricsFormat::kText);
    EXPECT_EQ(format("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), MetricsFormat::kText);
    // What Prometheus 2.42 sends, without and with native histograms.
    EXPECT_EQ(format("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
                     "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              MetricsFormat::kOpenMetrics);
    EXPECT_EQ(format("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
                     "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"),
              MetricsFormat::kProtobuf);
    EXPECT_EQ(format("text/plain;q=0.9,application/openmetrics-text;q=0.3"), MetricsFormat::kText);
    EXPECT_EQ(format("application/openmetrics-text;q=0, text/plain;q=0.1"), MetricsFormat::kText);
    EXPECT_EQ(format("application/openmetrics-text; version=2.0.0"), MetricsFormat::kText);
    EXPECT_EQ(format("application/vnd.google.protobuf;proto=other.Message;encoding=delimited"), MetricsFormat::kText);
    EXPECT_EQ(format(";;,=,q,\"application/openmetrics-text"), MetricsFormat::kText);
}

TEST(Negotiation, SaysWhatItGives) {
    EXPECT_EQ(negotiate_metrics_format("").content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(negotiate_metrics_format("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8").content_type,
              "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores");
    const HttpResponse response =
        metrics_response({.path = "/metrics", .accept = "application/openmetrics-text"}, example_families());
    EXPECT_EQ(response.body, encode_openmetrics(example_families()));
}

TEST(ProcessMetrics, ReadsThisProcess) {
    AgentStatus status;
    ASSERT_TRUE(read_process_metrics(status));
    EXPECT_GT(status.resident_bytes, 1U << 20U);
    EXPECT_GE(status.virtual_bytes, status.resident_bytes);
    EXPECT_GE(status.open_fds, 3U);
    EXPECT_GE(status.max_fds, status.open_fds);
    EXPECT_NEAR(status.start_time_unix_seconds, static_cast<double>(::time(nullptr)), 3'600);
}

TEST(ProcessMetrics, ReadsAProcessWithAnOddName) {
    const ScratchDirectory proc;
    std::filesystem::create_directories(proc.file("self/fd/0"));
    std::filesystem::create_directories(proc.file("self/fd/1"));
    write_contents(proc.file("self/stat"),
                   "12 (a) b) S 1 1 1 0 -1 0 0 0 0 0 250 50 0 0 20 0 1 0 5000 4096000 10 18446744073709551615\n");
    write_contents(proc.file("self/limits"),
                   "Limit  Soft  Hard  Units\nMax open files            1024      4096      files\n");
    write_contents(proc.file("stat"), "cpu 1 2 3\nbtime 1700000000\nprocesses 4\n");
    AgentStatus status;
    ASSERT_TRUE(read_process_metrics(status, proc.path()));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    EXPECT_DOUBLE_EQ(status.cpu_seconds, 300 / ticks);
    EXPECT_EQ(status.virtual_bytes, 4'096'000U);
    EXPECT_EQ(status.open_fds, 2U);
    EXPECT_EQ(status.max_fds, 1'024U);
    EXPECT_DOUBLE_EQ(status.start_time_unix_seconds, 1'700'000'000 + 5'000 / ticks);
}

TEST(ProcessMetrics, AMissingProcIsAnError) {
    AgentStatus status;
    EXPECT_FALSE(read_process_metrics(status, "/nonexistent"));
}

// For tests/checks/prometheus_formats.sh, which has other programs judge these bytes.
TEST(PrometheusFormats, AreWrittenWhereAsked) {
    const char* directory = std::getenv("FOOTFALL_PROMETHEUS_FORMATS");
    if (directory == nullptr) GTEST_SKIP() << "FOOTFALL_PROMETHEUS_FORMATS names no directory";
    const std::string at = std::string(directory) + "/";
    const auto hostile = metric_families(hostile_snapshot(), example_status());
    write_contents(at + "example.txt", encode_text(example_families()));
    write_contents(at + "hostile.txt", encode_text(hostile));
    write_contents(at + "example.openmetrics", encode_openmetrics(example_families()));
    write_contents(at + "hostile.openmetrics", encode_openmetrics(hostile));
}

}  // namespace
}  // namespace footfall
