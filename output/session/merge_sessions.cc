#include "output/session/merge_sessions.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "output/session/merge_functions.h"
#include "output/session/merge_operations.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

using NamedCounts = google::protobuf::Map<std::string, std::uint64_t>;

// Nanoseconds of a start tell sessions of a host apart.
void leave_out_repeated(std::vector<Snapshot>& sessions) {
    std::set<std::tuple<std::string, std::int64_t, std::uint64_t>> known;
    std::erase_if(sessions, [&](const Snapshot& session) {
        const SessionInfo& info = session.session();
        return !known.emplace(info.host(), info.start_unix_nanos(), info.duration_nanos()).second;
    });
}

Watched time_of(const SessionInfo& info) { return watched_by_one(info.start_unix_nanos(), info.duration_nanos(), 0); }

// "web1, web2": each once, in the order that they were met.
std::string joined(const std::vector<Snapshot>& sessions, const std::string& (SessionInfo::*field)() const) {
    std::vector<std::string> met;
    std::string out;
    for (const Snapshot& session : sessions) {
        const std::string& value = (session.session().*field)();
        if (value.empty() || std::find(met.begin(), met.end(), value) != met.end()) continue;
        out += (met.empty() ? "" : ", ") + value;
        met.push_back(value);
    }
    return out;
}

// An empty target is the whole host, and what else was watched is part of that.
void fill_targets(SessionInfo& out, const std::vector<Snapshot>& sessions) {
    for (const Snapshot& session : sessions) {
        if (session.session().target().empty()) {
            out.clear_target();
            return;
        }
        for (const std::string& word : session.session().target()) {
            const auto& words = out.target();
            if (std::find(words.begin(), words.end(), word) == words.end()) out.add_target(word);
        }
    }
}

std::uint64_t overlap_of(const std::vector<Snapshot>& sessions) {
    std::map<std::string, Watched> hosts;
    std::uint64_t durations = 0;
    for (const Snapshot& session : sessions) {
        const Watched time = time_of(session.session());
        durations += watched_nanos(time);
        add_watched(hosts[session.session().host()], time);
    }
    std::uint64_t covered = 0;
    for (const auto& [host, time] : hosts) covered += watched_nanos(time);
    return durations - covered;
}

void fill_session(SessionInfo& out, const std::vector<Snapshot>& sessions) {
    out.set_host(joined(sessions, &SessionInfo::host));
    out.set_kernel(joined(sessions, &SessionInfo::kernel));
    out.set_footfall_version(joined(sessions, &SessionInfo::footfall_version));
    out.set_source(joined(sessions, &SessionInfo::source));
    fill_targets(out, sessions);
    Watched time;
    out.set_bpf_cpu_known(true);
    for (const Snapshot& session : sessions) {
        const SessionInfo& info = session.session();
        add_watched(time, time_of(info));
        add_watched(*out.mutable_merged()->mutable_operations(), watched_operations(session));
        out.set_agent_cpu_nanos(out.agent_cpu_nanos() + info.agent_cpu_nanos());
        out.set_bpf_cpu_nanos(out.bpf_cpu_nanos() + info.bpf_cpu_nanos());
        out.set_bpf_cpu_known(out.bpf_cpu_known() && info.bpf_cpu_known());
        out.set_agent_peak_rss_bytes(std::max(out.agent_peak_rss_bytes(), info.agent_peak_rss_bytes()));
    }
    out.set_start_unix_nanos(whole_span(time).start_unix_nanos());
    out.set_duration_nanos(watched_nanos(time));
    out.mutable_merged()->set_sessions(static_cast<std::uint32_t>(sessions.size()));
    out.mutable_merged()->set_overlap_nanos(overlap_of(sessions));
}

void add_counts(NamedCounts& into, const NamedCounts& from) {
    for (const auto& [name, count] : from) into[name] += count;
}

void add_accounting(Accounting& into, const Accounting& from) {
    into.set_received(into.received() + from.received());
    into.set_exported(into.exported() + from.exported());
    into.set_exchanges_started(into.exchanges_started() + from.exchanges_started());
    into.set_exchanges_used(into.exchanges_used() + from.exchanges_used());
    add_counts(*into.mutable_dropped(), from.dropped());
    add_counts(*into.mutable_exchanges_lost(), from.exchanges_lost());
    add_counts(*into.mutable_wrong_guesses(), from.wrong_guesses());
}

void fill_blind_spots(Snapshot& out, const std::vector<Snapshot>& sessions) {
    std::map<std::pair<std::string, std::string>, BlindSpot> spots;
    for (const Snapshot& session : sessions) {
        for (const BlindSpot& spot : session.blind_spots()) {
            const auto [known, first] = spots.try_emplace({spot.service(), spot.reason()}, spot);
            if (!first) known->second.set_connections(known->second.connections() + spot.connections());
        }
    }
    for (const auto& [key, spot] : spots) *out.add_blind_spots() = spot;
}

// Processes of two sessions may be the same ones, so there are at least as many as in the session with the most.
void fill_services(Snapshot& out, const std::vector<Snapshot>& sessions) {
    std::map<std::tuple<std::string, std::string, std::string>, Service> services;
    for (const Snapshot& session : sessions) {
        for (const Service& service : session.services()) {
            const auto [known, is_new] =
                services.try_emplace({service.name(), service.executable(), service.build_id()}, service);
            if (is_new) continue;
            known->second.set_processes(std::max(known->second.processes(), service.processes()));
            if (service.has_cpu_nanos()) known->second.set_cpu_nanos(known->second.cpu_nanos() + service.cpu_nanos());
        }
    }
    for (const auto& [key, service] : services) *out.add_services() = service;
}

}  // namespace

Snapshot merge_sessions(std::vector<Snapshot> sessions) {
    leave_out_repeated(sessions);
    if (sessions.size() == 1) return std::move(sessions.front());
    Snapshot out;
    MergedOperations operations;
    MergedFunctions functions;
    fill_session(*out.mutable_session(), sessions);
    for (std::size_t i = 0; i < sessions.size(); ++i) {
        add_accounting(*out.mutable_accounting(), sessions[i].accounting());
        for (const Operation& operation : sessions[i].operations()) operations.add(operation);
        for (const FunctionFile& file : sessions[i].function_files()) functions.add(i, file);
    }
    operations.fill(out);
    functions.fill(out);
    fill_blind_spots(out, sessions);
    fill_services(out, sessions);
    return out;
}

}  // namespace footfall
