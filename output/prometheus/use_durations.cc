#include "output/prometheus/use_durations.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "output/prometheus/family_builder.h"

namespace footfall {
namespace {

using Families = std::vector<io::prometheus::client::MetricFamily>;

// What one convention says of a use.
struct Convention {
    bool (*applies)(std::string_view kind);
    Labels (*labels)(const Operation& operation, const OutcomeUse& outcome);
    std::string_view server_name;
    std::string_view server_help;
    std::string_view client_name;
    std::string_view client_help;
};

bool is_status_code(std::string_view outcome) {
    return outcome.size() == 3 && std::all_of(outcome.begin(), outcome.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Labels http_labels(const Operation& operation, const OutcomeUse& outcome) {
    Labels labels;
    labels.with("service_name", operation.service())
        .with("http_request_method", operation.method())
        .with("http_route", operation.route())
        .with("url_scheme", outcome.tls() ? "https" : "http")
        .with("http_response_status_code", is_status_code(outcome.outcome()) ? outcome.outcome() : std::string_view{})
        .with("error_type", outcome.error_type());
    return labels;
}

Labels rpc_labels(const Operation& operation, const OutcomeUse& outcome) {
    Labels labels;
    labels.with("service_name", operation.service())
        .with("rpc_system_name", operation.kind())
        .with("rpc_method", operation.route())
        .with("rpc_response_status_code", outcome.outcome() == "ok" ? "OK" : std::string_view(outcome.outcome()))
        .with("error_type", outcome.error_type());
    return labels;
}

Labels db_labels(const Operation& operation, const OutcomeUse& outcome) {
    Labels labels;
    labels.with("service_name", operation.service())
        .with("db_system_name", operation.kind())
        .with("db_operation_name", operation.method())
        .with("db_collection_name", operation.route())
        .with("error_type", outcome.error_type());
    return labels;
}

Labels command_labels(const Operation& operation, const OutcomeUse& outcome) {
    Labels labels;
    labels.with("service_name", operation.service())
        .with("command", operation.operation())
        .with("error_type", outcome.error_type());
    return labels;
}

bool is_database(std::string_view kind) {
    return kind != "http" && kind != "websocket" && kind != "grpc" && kind != "command" && kind != "file";
}

constexpr std::array<Convention, 4> kConventions{{
    {[](std::string_view kind) { return kind == "http"; }, http_labels, "http_server_request_duration_seconds",
     "Time from the first byte of a request that the server read to the last byte of its response.",
     "http_client_request_duration_seconds",
     "Time from the first byte of a request that the client sent to the last byte of the response it read."},
    {[](std::string_view kind) { return kind == "grpc"; }, rpc_labels, "rpc_server_call_duration_seconds",
     "Time from the first byte of a call that the server read to the last byte of its response.",
     "rpc_client_call_duration_seconds",
     "Time from the first byte of a call that the client sent to the last byte of the response it read."},
    {is_database, db_labels, "db_server_operation_duration_seconds",
     "Time from the first byte of a command that the database read to the last byte of its response.",
     "db_client_operation_duration_seconds",
     "Time from the first byte of a command that the client sent to the last byte of the response it read."},
    {[](std::string_view kind) { return kind == "command"; },
     command_labels,
     {},
     {},
     "footfall_command_duration_seconds",
     "Time from the execution of a program to its end, by the service that executed it."},
}};

}  // namespace

void add_use_durations(const Snapshot& snapshot, Families& families) {
    for (const Convention& convention : kConventions) {
        DurationFamily server(convention.server_name, convention.server_help);
        DurationFamily client(convention.client_name, convention.client_help);
        for (const Operation& operation : snapshot.operations()) {
            if (!convention.applies(operation.kind())) continue;
            DurationFamily& family = operation.role() == ROLE_CLIENT ? client : server;
            for (const OutcomeUse& outcome : operation.outcomes()) {
                if (outcome.latency().count() == 0) continue;  // none of its uses has an answer
                family.add(convention.labels(operation, outcome), outcome.latency());
            }
        }
        server.finish(families);
        client.finish(families);
    }
}

}  // namespace footfall
