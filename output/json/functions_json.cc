#include "output/json/functions_json.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "output/json/watched_json.h"
#include "output/session/histogram_math.h"
#include "output/session/used_functions.h"

namespace footfall {
namespace {

using Json = nlohmann::ordered_json;

Json durations(const Histogram& histogram) {
    if (histogram.count() == 0) return nullptr;
    return {{"p50", quantile(histogram, 0.5)}, {"p90", quantile(histogram, 0.9)}, {"p99", quantile(histogram, 0.99)},
            {"max", histogram.max()},          {"sum", histogram.sum()},          {"returned", histogram.count()}};
}

Json parts_json(const FunctionUse& function) {
    std::vector<const FunctionPartUse*> parts;
    std::uint64_t told = 0;
    for (const FunctionPartUse& part : function.parts()) {
        parts.push_back(&part);
        told += part.calls();
    }
    std::sort(parts.begin(), parts.end(), [](const FunctionPartUse* a, const FunctionPartUse* b) {
        return a->calls() != b->calls() ? a->calls() > b->calls() : a->name() < b->name();
    });
    Json out = Json::array();
    for (const FunctionPartUse* part : parts) out.push_back({{"name", part->name()}, {"calls", part->calls()}});
    if (told < function.calls()) out.push_back({{"name", "other"}, {"calls", function.calls() - told}});
    return out;
}

// Of a function that is timed by the places where it is left.
void add_exits(Json& out, const FunctionUse& function) {
    if (!function.not_timed().empty()) out["not_timed"] = function.not_timed();
    if (function.not_returned() > 0) out["not_returned"] = function.not_returned();
    if (function.exits() == 0) return;
    out["left_without_return"] = function.left();
    out["returns_without_begin"] = function.unmatched();
    out["exits"] = {{"sites", function.exits()}, {"emulated", function.emulated_exits()}};
}

Json function_json(const FunctionUse& function, bool timed) {
    Json out = {{"function", function.name()}, {"kind", function.kind()}};
    if (!function.aliases().empty())
        out["aliases"] = std::vector<std::string>(function.aliases().begin(), function.aliases().end());
    out["address"] = function.address();
    if (!function.not_counted().empty()) {
        out["not_counted"] = function.not_counted();
        return out;
    }
    out["calls"] = function.calls();
    if (function.hot()) out["hot"] = true;
    if (function.not_told_apart() > 0) out["not_told_apart"] = function.not_told_apart();
    if (!function.parts().empty()) out["parts"] = parts_json(function);
    if (function.sites() > 0) out["sites"] = function.sites();
    out["first_seen"] = time_json(function.first_seen_unix_nanos());
    out["last_seen"] = time_json(function.last_seen_unix_nanos());
    if (function.has_watched()) out["watched"] = watched_json(function.watched());
    if (timed && function.sites() == 0) out["duration_seconds"] = durations(function.duration());
    if (timed) add_exits(out, function);
    if (function.total_nanos() > 0) {
        out["cpu_seconds"] = static_cast<double>(function.self_nanos()) / 1e9;
        out["cpu_seconds_with_callees"] = static_cast<double>(function.total_nanos()) / 1e9;
    }
    out["counted_at"] = {{"offset", function.site()},
                         {"instruction", function.instruction()},
                         {"emulated", function.emulated()},
                         {"expected_seconds", static_cast<double>(function.expected_nanos()) / 1e9}};
    return out;
}

Json file_json(const FunctionFile& file) {
    std::vector<const FunctionUse*> functions;
    for (const FunctionUse& function : file.functions()) functions.push_back(&function);
    std::sort(functions.begin(), functions.end(), [](const FunctionUse* a, const FunctionUse* b) {
        return a->calls() != b->calls() ? a->calls() > b->calls() : a->name() < b->name();
    });
    Json out = {{"path", file.path()}, {"build_id", file.build_id()}};
    if (!file.miss().empty()) out["miss"] = file.miss();
    if (file.coverage()) out["calls_are"] = "at least";
    if (!file.not_timed().empty()) out["not_timed"] = file.not_timed();
    if (!file.mapped_as().empty()) out["mapped_as"] = file.mapped_as();
    if (file.late_nanos() > 0) out["late_seconds"] = static_cast<double>(file.late_nanos()) / 1e9;
    if (!file.no_sources().empty()) out["no_sources"] = file.no_sources();
    if (!file.by().empty()) out["parts_by"] = file.by();
    out["known"] = file.known();
    out["matched"] = file.matched();
    if (file.known_probes() + file.unread_notes() > 0) {
        out["known_probes"] = file.known_probes();
        out["matched_probes"] = file.matched_probes();
        out["unread_notes"] = file.unread_notes();
    }
    const UsedFunctions used = used_functions(file);
    out["called"] = used.called;
    out["not_counted"] = used.not_counted;
    out["watched_seconds"] = static_cast<double>(file.watched_nanos()) / 1e9;
    out["watched"] = watched_json(file.watched());
    out["functions"] = Json::array();
    for (const FunctionUse* function : functions) out["functions"].push_back(function_json(*function, file.timed()));
    return out;
}

}  // namespace

nlohmann::ordered_json functions_json(const Snapshot& snapshot) {
    Json out = Json::array();
    for (const FunctionFile& file : snapshot.function_files()) out.push_back(file_json(file));
    return out;
}

}  // namespace footfall
