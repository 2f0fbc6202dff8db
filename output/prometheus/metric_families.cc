#include "output/prometheus/metric_families.h"

#include <algorithm>

#include "output/prometheus/family_builder.h"
#include "output/prometheus/use_durations.h"
#include "output/session/operation_totals.h"

namespace footfall {
namespace {

using io::prometheus::client::COUNTER;
using io::prometheus::client::GAUGE;
using Families = std::vector<MetricFamily>;
using NamedCounts = google::protobuf::Map<std::string, std::uint64_t>;

// --- what was used --------------------------------------------------------------------------------------------------

void add_operations(const Snapshot& snapshot, Families& families) {
    NumberFamily uses("footfall_operation_uses_total", "Completed uses of each operation.", COUNTER);
    NumberFamily last_seen("footfall_operation_last_seen_timestamp_seconds",
                           "When each operation was last used, in seconds since the epoch.", GAUGE);
    NumberFamily cpu("footfall_operation_cpu_seconds_total", "CPU time that the uses of each operation took.", COUNTER);
    NumberFamily waits("footfall_operation_wait_seconds_total",
                       "Time in which uses of each operation were open and nothing ran for them, by what was waited for.",
                       COUNTER);
    NumberFamily consumers("footfall_operation_distinct_consumers", "How many different consumers used each operation.",
                           GAUGE);
    for (const Operation& operation : snapshot.operations()) {
        Labels labels;
        labels.with("service_name", operation.service())
            .with("role", role_name(operation.role()))
            .with("kind", operation.kind())
            .with("operation", operation.operation());
        uses.add(labels, static_cast<double>(totals_of(operation).uses));
        last_seen.raise(labels, static_cast<double>(operation.last_seen_unix_nanos()) / 1e9);
        if (operation.role() == ROLE_CLIENT) continue;  // its consumer is the service itself
        consumers.add(labels, static_cast<double>(operation.distinct_consumers()));
        if (operation.cost().uses() == 0) continue;
        const OperationCost& cost = operation.cost();
        cpu.add(labels, static_cast<double>(cost.cpu_nanos()) / 1e9);
        const auto add_wait = [&](std::string_view reason, std::uint64_t nanos) {
            waits.add(Labels(labels).with("reason", reason), static_cast<double>(nanos) / 1e9);
        };
        add_wait("run_queue", cost.queued_nanos());
        add_wait("other", cost.off_cpu_nanos() - std::min(cost.off_cpu_nanos(), cost.queued_nanos()));
    }
    uses.finish(families);
    last_seen.finish(families);
    consumers.finish(families);
    cpu.finish(families);
    waits.finish(families);
}

void add_service_cpu(const Snapshot& snapshot, Families& families) {
    NumberFamily cpu("footfall_service_cpu_seconds_total",
                     "CPU time of the processes of each service. What its operations lack of it belongs to none.", COUNTER);
    for (const Service& service : snapshot.services()) {
        if (!service.has_cpu_nanos()) continue;
        cpu.add(Labels().with("service_name", service.name()), static_cast<double>(service.cpu_nanos()) / 1e9);
    }
    cpu.finish(families);
}

// --- what was not ---------------------------------------------------------------------------------------------------

void add_by_reason(std::string_view name, std::string_view help, const std::vector<std::string>& always,
                   const NamedCounts& counts, Families& families) {
    NumberFamily family(name, help, COUNTER);
    for (const std::string& reason : always) family.add(Labels().with("reason", reason), 0);
    for (const auto& [reason, count] : counts) family.add(Labels().with("reason", reason), static_cast<double>(count));
    family.finish(families);
}

void add_number(std::string_view name, std::string_view help, io::prometheus::client::MetricType type, double value,
                Families& families) {
    NumberFamily family(name, help, type);
    family.add(Labels(), value);
    family.finish(families);
}

void add_accounting(const Accounting& accounting, const AgentStatus& status, Families& families) {
    add_number("footfall_events_received_total", "Events that the kernel side made, lost ones included.", COUNTER,
               static_cast<double>(accounting.received()), families);
    add_number("footfall_events_exported_total", "Events that were processed. Received = exported + all dropped.", COUNTER,
               static_cast<double>(accounting.exported()), families);
    add_by_reason("footfall_events_dropped_total", "Events that were lost, by reason.", status.drop_reasons,
                  accounting.dropped(), families);
    add_number("footfall_exchanges_started_total", "Exchanges whose request was seen to begin.", COUNTER,
               static_cast<double>(accounting.exchanges_started()), families);
    add_by_reason("footfall_exchanges_lost_total", "Exchanges that began and could not be counted as a use, by reason.",
                  status.lost_reasons, accounting.exchanges_lost(), families);
}

void add_wrong_guesses(const Accounting& accounting, Families& families) {
    NumberFamily family("footfall_wrong_guesses_total",
                        "Connections whose first bytes looked like a protocol that they turned out not to speak.", COUNTER);
    for (const auto& [protocol, count] : accounting.wrong_guesses()) {
        family.add(Labels().with("protocol", protocol), static_cast<double>(count));
    }
    family.finish(families);
}

void add_blind_spots(const Snapshot& snapshot, Families& families) {
    NumberFamily family("footfall_blind_spots", "Connections whose traffic footfall can't read, by service and reason.",
                        GAUGE);
    for (const BlindSpot& spot : snapshot.blind_spots()) {
        Labels labels;
        labels.with("service_name", spot.service()).with("reason", spot.reason());
        family.add(labels, static_cast<double>(spot.connections()));
    }
    family.finish(families);
}

// --- the agent itself -----------------------------------------------------------------------------------------------

void add_build(const AgentStatus& status, Families& families) {
    NumberFamily family("footfall_build_info", "Always 1; its labels say what is running.", GAUGE);
    Labels labels;
    labels.with("version", status.version).with("kernel", status.kernel);
    family.add(labels, 1);
    family.finish(families);
}

void add_process(const AgentStatus& status, Families& families) {
    const auto add = [&](std::string_view name, std::string_view help, io::prometheus::client::MetricType type,
                         double value) {
        if (value != 0) add_number(name, help, type, value, families);
    };
    add("footfall_ring_size_bytes", "Size of the ring buffer between the kernel side and the agent.", GAUGE,
        static_cast<double>(status.ring_bytes));
    add("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", COUNTER, status.cpu_seconds);
    add("process_resident_memory_bytes", "Resident memory size in bytes.", GAUGE,
        static_cast<double>(status.resident_bytes));
    add("process_virtual_memory_bytes", "Virtual memory size in bytes.", GAUGE, static_cast<double>(status.virtual_bytes));
    add("process_open_fds", "Number of open file descriptors.", GAUGE, static_cast<double>(status.open_fds));
    add("process_max_fds", "Maximum number of open file descriptors.", GAUGE, static_cast<double>(status.max_fds));
    add("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", GAUGE,
        status.start_time_unix_seconds);
}

void add_bpf_cpu(const SessionInfo& session, Families& families) {
    if (!session.bpf_cpu_known()) return;
    add_number("footfall_bpf_cpu_seconds_total", "CPU time that footfall's BPF programs took in the watched programs.",
               COUNTER, static_cast<double>(session.bpf_cpu_nanos()) / 1e9, families);
}

}  // namespace

std::vector<MetricFamily> metric_families(const Snapshot& snapshot, const AgentStatus& status) {
    Families families;
    add_use_durations(snapshot, families);
    add_operations(snapshot, families);
    add_service_cpu(snapshot, families);
    add_blind_spots(snapshot, families);
    add_accounting(snapshot.accounting(), status, families);
    add_wrong_guesses(snapshot.accounting(), families);
    add_build(status, families);
    add_bpf_cpu(snapshot.session(), families);
    add_process(status, families);
    return families;
}

}  // namespace footfall
