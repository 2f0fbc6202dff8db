#include "output/json/session_json.h"

#include <map>
#include <nlohmann/json.hpp>

#include "agent/base/clock.h"
#include "output/json/distribution_json.h"
#include "output/json/features_json.h"
#include "output/json/functions_json.h"
#include "output/json/inventory_json.h"
#include "output/json/stacks_json.h"
#include "output/json/watched_json.h"
#include "output/session/operation_totals.h"
#include "output/session/unattributed_cpu.h"
#include "output/session/wait_reasons.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

using Json = nlohmann::ordered_json;
using NamedCounts = google::protobuf::Map<std::string, std::uint64_t>;

// Only what was lost, in the order of the names.
Json losses(const NamedCounts& counts) {
    const std::map<std::string, std::uint64_t> sorted(counts.begin(), counts.end());
    Json out = Json::object();
    for (const auto& [reason, count] : sorted) {
        if (count != 0) out[reason] = count;
    }
    return out;
}

Json session(const SessionInfo& info) {
    Json overhead = {{"agent_cpu_seconds", in_seconds(info.agent_cpu_nanos())}, {"bpf_cpu_seconds", nullptr}};
    if (info.bpf_cpu_known()) overhead["bpf_cpu_seconds"] = in_seconds(info.bpf_cpu_nanos());
    overhead["agent_peak_memory_bytes"] = info.agent_peak_rss_bytes();
    Json out = {{"start", time_json(info.start_unix_nanos())},
                {"duration_seconds", in_seconds(info.duration_nanos())},
                {"host", info.host()},
                {"kernel", info.kernel()},
                {"footfall_version", info.footfall_version()},
                {"source", info.source()},
                {"target", std::vector<std::string>(info.target().begin(), info.target().end())},
                {"overhead", std::move(overhead)}};
    if (info.has_merged()) {
        out["merged"] = {{"sessions", info.merged().sessions()},
                         {"overlap_seconds", in_seconds(info.merged().overlap_nanos())},
                         {"operations_watched", watched_json(info.merged().operations())}};
    }
    return out;
}

Json accounting(const Accounting& accounting) {
    return {{"received", accounting.received()},
            {"exported", accounting.exported()},
            {"dropped", losses(accounting.dropped())},
            {"wrong_guesses", losses(accounting.wrong_guesses())},
            {"exchanges",
             {{"started", accounting.exchanges_started()},
              {"used", accounting.exchanges_used()},
              {"lost", losses(accounting.exchanges_lost())}}}};
}

void count_in(Json& counts, const std::string& name, std::uint64_t uses) {
    counts[name] = counts.value(name, std::uint64_t{0}) + uses;
}

// In all, and of those uses whose cost is known.
void add_cost(Json& out, const Operation& operation, const OperationWaits& waits) {
    out["cpu_seconds"] = nullptr;
    out["offcpu_seconds"] = nullptr;
    if (operation.cost().uses() == 0) return;
    const OperationCost& cost = operation.cost();
    const auto per_use = [&](std::uint64_t nanos) { return in_seconds(nanos) / static_cast<double>(cost.uses()); };
    out["cpu_seconds"] = in_seconds(cost.cpu_nanos());
    out["offcpu_seconds"] = in_seconds(cost.off_cpu_nanos());
    out["cpu_seconds_per_use"] = per_use(cost.cpu_nanos());
    out["offcpu_seconds_per_use"] = per_use(cost.off_cpu_nanos());
    for (const auto& [reason, nanos] : waits.of(operation)) out["wait_seconds"][reason] = in_seconds(nanos);
}

Json operation(const RankedOperation& ranked, double duration_seconds, const OperationWaits& waits) {
    const Operation& operation = *ranked.operation;
    Json outcomes = Json::object();
    Json error_types = Json::object();
    for (const OutcomeUse& outcome : operation.outcomes()) {
        count_in(outcomes, outcome.outcome(), outcome.uses());
        if (!outcome.error_type().empty()) count_in(error_types, outcome.error_type(), outcome.uses());
    }
    Json consumers = Json::array();
    for (const Consumer& consumer : operation.consumers()) {
        consumers.push_back({{"consumer", consumer.consumer()}, {"uses", consumer.uses()}});
    }

    Json out = {{"service", operation.service()},
                {"role", role_name(operation.role())},
                {"kind", operation.kind()},
                {"operation", operation.operation()}};
    if (!operation.method().empty()) out["method"] = operation.method();
    if (!operation.route().empty()) out["route"] = operation.route();
    out["uses"] = ranked.totals.uses;
    out["errors"] = ranked.totals.errors;
    if (ranked.totals.tls != 0) out["tls_uses"] = ranked.totals.tls;
    if (duration_seconds > 0) out["rate_per_second"] = static_cast<double>(ranked.totals.uses) / duration_seconds;
    out["outcomes"] = std::move(outcomes);
    out["error_types"] = std::move(error_types);
    out["latency_seconds"] = distribution_json(ranked.totals.latency);
    out["time_to_first_byte_seconds"] = distribution_json(operation.time_to_first_byte());
    out["bytes_in"] = operation.bytes_in();
    out["bytes_out"] = operation.bytes_out();
    add_cost(out, operation, waits);
    out["consumers"] = std::move(consumers);
    out["distinct_consumers"] = operation.distinct_consumers();
    out["first_seen"] = time_json(operation.first_seen_unix_nanos());
    out["last_seen"] = time_json(operation.last_seen_unix_nanos());
    return out;
}

Json operations(const Snapshot& snapshot) {
    Json out = Json::array();
    const double duration = in_seconds(watched_nanos(watched_operations(snapshot)));
    const OperationWaits waits(snapshot);
    for (const RankedOperation& ranked : ranked_by_uses(snapshot)) out.push_back(operation(ranked, duration, waits));
    return out;
}

Json blind_spots(const Snapshot& snapshot) {
    Json out = Json::array();
    for (const BlindSpot& spot : snapshot.blind_spots()) {
        out.push_back({{"service", spot.service()},
                       {"reason", spot.reason()},
                       {"hint", spot.hint()},
                       {"connections", spot.connections()}});
    }
    return out;
}

Json services(const Snapshot& snapshot) {
    std::map<std::string_view, double> unattributed;
    for (const UnattributedCpu& cpu : unattributed_cpu(snapshot)) unattributed[cpu.service] = in_seconds(cpu.nanoseconds);
    Json out = Json::array();
    for (const Service& service : snapshot.services()) {
        Json row = {{"service", service.name()},
                    {"executable", service.executable()},
                    {"build_id", service.build_id()},
                    {"processes", service.processes()},
                    {"cpu_seconds", nullptr}};
        if (service.has_cpu_nanos()) row["cpu_seconds"] = in_seconds(service.cpu_nanos());
        const auto rest = unattributed.find(service.name());
        if (rest != unattributed.end()) row["unattributed_cpu_seconds"] = rest->second;
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace

std::string session_json(const Snapshot& snapshot, const SessionAnswers& answers) {
    constexpr int kIndent = 2;
    Json document = {{"schema", "footfall.session/v1"},
                     {"session", session(snapshot.session())},
                     {"accounting", accounting(snapshot.accounting())},
                     {"operations", operations(snapshot)},
                     {"blind_spots", blind_spots(snapshot)},
                     {"services", services(snapshot)}};
    if (snapshot.has_stacks()) document["stacks"] = stacks_json(snapshot.stacks());
    if (snapshot.has_call_stacks()) document["call_stacks"] = stacks_json(snapshot.call_stacks());
    if (!snapshot.function_files().empty()) document["function_files"] = functions_json(snapshot);
    if (answers.inventory != nullptr) document["inventory"] = inventory_json(*answers.inventory);
    if (answers.features != nullptr) document.update(features_json(*answers.features));
    return document.dump(kIndent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace footfall
