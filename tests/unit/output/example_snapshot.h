// A snapshot with something in every field, as the tests of all formats use it, and histograms made from plain values.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

inline Histogram histogram_of(const std::vector<double>& values, int scale = 5) {
    std::vector<int> indexes;
    Histogram out;
    out.set_scale(scale);
    for (const double value : values) {
        out.set_count(out.count() + 1);
        out.set_sum(out.sum() + value);
        out.set_max(std::max(out.max(), value));
        if (value <= 0) {
            out.set_zero_count(out.zero_count() + 1);
        } else {
            indexes.push_back(static_cast<int>(std::ceil(std::ldexp(std::log2(value), scale))) - 1);
        }
    }
    if (indexes.empty()) return out;
    const auto [low, high] = std::minmax_element(indexes.begin(), indexes.end());
    out.set_offset(*low);
    out.mutable_counts()->Resize(*high - *low + 1, 0);
    for (const int index : indexes) out.set_counts(index - *low, out.counts(index - *low) + 1);
    return out;
}

inline OutcomeUse outcome_of(const std::string& outcome, const std::string& error_type,
                             const std::vector<double>& latencies) {
    OutcomeUse use;
    use.set_outcome(outcome);
    use.set_error_type(error_type);
    use.set_uses(latencies.size());
    *use.mutable_latency() = histogram_of(latencies);
    return use;
}

inline std::vector<double> evenly(std::size_t count, double from, double to) {
    std::vector<double> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(from + (to - from) * (static_cast<double>(i) + 0.5) / static_cast<double>(count));
    }
    return out;
}

inline Operation http_operation(const std::string& service, OperationRole role, const std::string& method,
                                const std::string& route) {
    Operation operation;
    operation.set_service(service);
    operation.set_role(role);
    operation.set_kind("http");
    operation.set_operation(method + " " + route);
    operation.set_method(method);
    operation.set_route(route);
    operation.set_first_seen_unix_nanos(1763833980'500'000'000);
    operation.set_last_seen_unix_nanos(1763833989'250'000'000);
    return operation;
}

inline Snapshot example_snapshot() {
    Snapshot snapshot;
    SessionInfo& session = *snapshot.mutable_session();
    session.set_start_unix_nanos(1763833980'000'000'000);
    session.set_duration_nanos(10'000'000'000);
    session.set_host("web1");
    session.set_kernel("6.1.0-18-amd64");
    session.set_footfall_version("0.1.0");
    session.set_agent_cpu_nanos(120'000'000);
    session.set_bpf_cpu_nanos(200'000'000);
    session.set_bpf_cpu_known(true);
    session.set_agent_peak_rss_bytes(24'641'536);
    session.set_source("live");
    session.add_target("--unit");
    session.add_target("nginx");

    Accounting& accounting = *snapshot.mutable_accounting();
    accounting.set_received(12'345);
    accounting.set_exported(12'335);
    (*accounting.mutable_dropped())["ring_full"] = 8;
    (*accounting.mutable_dropped())["unknown_connection"] = 2;
    (*accounting.mutable_dropped())["malformed_event"] = 0;
    accounting.set_exchanges_started(1'256);
    accounting.set_exchanges_used(1'254);
    (*accounting.mutable_exchanges_lost())["unfinished"] = 2;

    Operation cart = http_operation("shop", ROLE_CLIENT, "POST", "/cart");
    *cart.add_outcomes() = outcome_of("200", "", evenly(250, 0.020, 0.090));
    *cart.add_outcomes() = outcome_of("reset", "reset", {1.75});
    cart.set_bytes_in(1'234'567);
    cart.set_bytes_out(98'765);
    cart.set_distinct_consumers(1);

    Operation orders = http_operation("nginx", ROLE_SERVER, "GET", "/orders/{id}");
    *orders.add_outcomes() = outcome_of("200", "", evenly(1'000, 0.0005, 0.002));
    *orders.add_outcomes() = outcome_of("500", "500", evenly(3, 0.010, 0.020));
    for (OutcomeUse& outcome : *orders.mutable_outcomes()) outcome.set_tls(true);
    orders.set_bytes_in(345'678);
    orders.set_bytes_out(56'789'012);
    Consumer& consumer = *orders.add_consumers();
    consumer.set_consumer("shop");
    consumer.set_uses(900);
    orders.set_distinct_consumers(37);
    orders.mutable_cost()->set_uses(1'000);
    orders.mutable_cost()->set_cpu_nanos(412'000'000);
    orders.mutable_cost()->set_off_cpu_nanos(600'000'000);
    orders.mutable_cost()->set_queued_nanos(25'000'000);
    *orders.mutable_time_to_first_byte() = histogram_of(evenly(1'003, 0.0004, 0.0015));

    *snapshot.add_operations() = cart;
    *snapshot.add_operations() = orders;

    BlindSpot& blind = *snapshot.add_blind_spots();
    blind.set_service("payments");
    blind.set_reason("its traffic is TLS");
    blind.set_hint("watch the service behind the proxy that ends TLS");
    blind.set_connections(12);

    Service& service = *snapshot.add_services();
    service.set_name("nginx");
    service.set_executable("/usr/sbin/nginx");
    service.set_build_id("abc123");
    service.set_processes(3);
    service.set_cpu_nanos(500'000'000);
    return snapshot;
}

}  // namespace footfall
