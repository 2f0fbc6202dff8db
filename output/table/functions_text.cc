#include "output/table/functions_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/human_units.h"
#include "output/session/histogram_math.h"
#include "output/session/wall_clock_text.h"
#include "output/session/watched.h"
#include "output/stacks/call_chains.h"
#include "output/table/text_grid.h"
#include "output/table/used_files_text.h"
#include "output/table/watched_text.h"

namespace footfall {
namespace {

std::string shown(const FunctionUse& function) {
    std::string text = terminal_safe(function.name());
    for (const std::string& alias : function.aliases()) text += ", " + terminal_safe(alias);
    return function.hot() ? text + "  (hot: not counted on)" : text;
}

// Most called first, equal ones by name.
std::vector<const FunctionUse*> ranked(const FunctionFile& file, bool unused) {
    std::vector<const FunctionUse*> functions;
    for (const FunctionUse& function : file.functions()) {
        if (function.not_counted().empty() && (function.calls() == 0) == unused && !(unused && function.total_nanos() > 0))
            functions.push_back(&function);
    }
    std::sort(functions.begin(), functions.end(), [](const FunctionUse* a, const FunctionUse* b) {
        return a->calls() != b->calls() ? a->calls() > b->calls() : a->name() < b->name();
    });
    return functions;
}

std::uint64_t watched_nanos(const FunctionFile& file, const FunctionUse& function) {
    return function.has_watched() ? watched_nanos(function.watched()) : file.watched_nanos();
}

bool any_not_returned(const FunctionFile& file) {
    return std::any_of(file.functions().begin(), file.functions().end(),
                       [](const FunctionUse& function) { return function.not_returned() > 0; });
}

std::string exits_of(const FunctionUse& function) {
    if (function.exits() == 0) return {};
    return fmt::format("; left at {} {}, {} emulated", function.exits(), function.exits() == 1 ? "site" : "sites",
                       function.emulated_exits());
}

std::string site_of(const FunctionUse& function) {
    const char* how = function.emulated() ? "emulated" : "stepped";
    if (function.sites() > 0) {
        return fmt::format("{} at {} {}, {}", terminal_safe(function.instruction()), function.sites(),
                           function.sites() == 1 ? "site" : "sites", how);
    }
    return fmt::format("{} at +{}, {}{}", terminal_safe(function.instruction()), function.site(), how, exits_of(function));
}

constexpr std::size_t kMostParts = 10;

// Who called, below whom they called; what is not told apart is "other".
void add_parts(std::vector<std::vector<GridCell>>& rows, const FunctionUse& function, std::size_t columns) {
    std::vector<std::pair<std::uint64_t, std::string>> parts;
    std::uint64_t told = 0;
    for (const FunctionPartUse& part : function.parts()) {
        parts.emplace_back(part.calls(), terminal_safe(part.name()));
        told += part.calls();
    }
    std::sort(parts.begin(), parts.end(),
              [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
    std::uint64_t other = function.calls() - std::min(told + function.not_told_apart(), function.calls());
    while (parts.size() > kMostParts) {
        other += parts.back().first;
        parts.pop_back();
    }
    if (other > 0) parts.emplace_back(other, "other");
    if (function.not_told_apart() > 0) parts.emplace_back(function.not_told_apart(), "whom: sessions did not tell");
    for (const auto& [calls, name] : parts) {
        std::vector<GridCell> row(columns);
        row.front() = {grouped(calls)};
        row.back() = {"  by " + name};
        rows.push_back(std::move(row));
    }
}

constexpr std::size_t kMostChains = 3;

// From where it was called, below the function.
void add_chains(std::vector<std::vector<GridCell>>& rows, const std::vector<CallChain>& chains, std::size_t columns) {
    for (const CallChain& chain : chains) {
        std::string text = "  from";
        for (const std::string& caller : chain.callers)
            text += (&caller == &chain.callers.front() ? " " : " < ") + terminal_safe(caller);
        if (chain.callers.empty()) text += " nobody";
        std::vector<GridCell> row(columns);
        row.front() = {human_share(chain.calls, chain.of)};
        row.back() = {std::move(text)};
        rows.push_back(std::move(row));
    }
}

GridText rows_of(const FunctionFile& file, const CallChains& chains, std::span<const FunctionUse* const> functions,
                 const FunctionsView& view, const TerminalStyle& style) {
    const bool rates = file.watched_nanos() > 0 && !file.coverage();
    std::vector<GridColumn> columns{{.title = file.coverage() ? "CALLS, AT LEAST" : "CALLS", .numeric = true}};
    if (rates) columns.push_back({.title = "CALLS/s", .numeric = true, .rank = 2});
    if (file.timed()) {
        for (const char* title : {"p50", "p99", "MAX"}) columns.push_back({.title = title, .numeric = true, .rank = 3});
    }
    const bool some_left = any_not_returned(file);
    if (some_left) columns.push_back({.title = "NOT RETURNED", .numeric = true, .rank = 3});
    const bool sampled = std::any_of(file.functions().begin(), file.functions().end(),
                                     [](const FunctionUse& function) { return function.total_nanos() > 0; });
    if (sampled) columns.push_back({.title = "CPU", .numeric = true, .rank = 3});
    const bool several = file.watched().sessions() > 1;
    if (several) {
        for (const char* title : {"FIRST SEEN", "LAST SEEN"}) columns.push_back({.title = title, .rank = 4});
    }
    if (view.explain) {
        columns.push_back({.title = "COUNTED AT", .rank = 1});
        columns.push_back({.title = "COST", .numeric = true, .rank = 1});
    }
    columns.push_back({.title = "FUNCTION", .narrowest = 20});
    std::vector<std::vector<GridCell>> rows;
    for (const FunctionUse* function : functions) {
        std::vector<GridCell> row{{(function->hot() ? "≥ " : "") + grouped(function->calls())}};
        if (rates && function->hot()) {
            row.push_back({"-"});
        } else if (rates) {
            const double rate = static_cast<double>(function->calls()) / in_seconds(watched_nanos(file, *function));
            row.push_back({fmt::format("{:.{}f}", rate, rate < 10 ? 1 : 0)});
        }
        if (file.timed()) {
            const Histogram& duration = function->duration();
            const bool known = duration.count() > 0;
            for (const double q : {0.5, 0.99}) row.push_back({known ? human_duration(quantile(duration, q)) : "-"});
            row.push_back({known ? human_duration(duration.max()) : "-"});
        }
        if (some_left) row.push_back({function->not_returned() > 0 ? grouped(function->not_returned()) : "-"});
        if (sampled) row.push_back({function->self_nanos() > 0 ? human_duration(in_seconds(function->self_nanos())) : "-"});
        if (several) {
            row.push_back({minute_utc({function->first_seen_unix_nanos()})});
            row.push_back({minute_utc({function->last_seen_unix_nanos()})});
        }
        if (view.explain) {
            row.push_back({site_of(*function)});
            row.push_back({human_duration(in_seconds(function->expected_nanos()))});
        }
        row.push_back({shown(*function)});
        rows.push_back(std::move(row));
        if (!function->parts().empty()) add_parts(rows, *function, columns.size());
        add_chains(rows, chains.of(*function, kMostChains), columns.size());
    }
    return grid_text(columns, rows, style);
}

std::string heading(const FunctionFile& file, const TerminalStyle& style) {
    std::string text = toned(terminal_safe(file.path()), Tone::kHeading, style);
    if (file.build_id().empty()) return text + toned("  no build-id", Tone::kQuiet, style) + "\n";
    text += toned("  build " + terminal_safe(file.build_id().substr(0, 12)), Tone::kQuiet, style);
    return text + "\n";
}

std::string picked(const FunctionFile& file) {
    std::string text;
    if (file.known() > 0) text = fmt::format("{} of {} functions", grouped(file.matched()), grouped(file.known()));
    if (file.known_probes() > 0) {
        text += fmt::format("{}{} of {} USDT probes", text.empty() ? "" : " and ", grouped(file.matched_probes()),
                            grouped(file.known_probes()));
    }
    return (text.empty() ? "nothing" : text) + " picked";
}

std::string summary(const FunctionFile& file, const TerminalStyle& style) {
    const auto count = [&](const auto& is_meant) {
        return grouped(
            static_cast<std::uint64_t>(std::count_if(file.functions().begin(), file.functions().end(), is_meant)));
    };
    const std::string called = count([](const FunctionUse& f) { return f.calls() > 0; });
    const std::string never =
        count([](const FunctionUse& f) { return f.calls() == 0 && f.not_counted().empty() && f.total_nanos() == 0; });
    const std::string running = count([](const FunctionUse& f) { return f.calls() == 0 && f.total_nanos() > 0; });
    const std::string not_counted = count([](const FunctionUse& f) { return !f.not_counted().empty(); });
    std::string text = picked(file);
    if (file.watched_nanos() > 0) {
        text += fmt::format(": in {}, {} were called, {} never", human_duration(in_seconds(file.watched_nanos())), called,
                            never);
    }
    if (running != "0") text += fmt::format(", {} ran that had been called before", running);
    if (not_counted != "0") text += fmt::format(", {} can't be counted", not_counted);
    return toned(text, Tone::kQuiet, style) + "\n";
}

// Functions that lack something, and why.
std::string reason_lines(const FunctionFile& file, std::size_t most) {
    std::string text;
    std::size_t lines = 0;
    for (const FunctionUse& function : file.functions()) {
        const bool counted = function.not_counted().empty();
        if (counted && function.not_timed().empty()) continue;
        if (most != 0 && lines++ == most) return text + "  …\n";
        text += fmt::format("  {}: {}{}\n", shown(function), counted ? "not timed: " : "",
                            terminal_safe(counted ? function.not_timed() : function.not_counted()));
    }
    return text;
}

// What of the calls was not timed.
std::string timing_lines(const FunctionFile& file) {
    std::string text;
    if (!file.not_timed().empty()) text += "not timed: " + terminal_safe(file.not_timed()) + "\n";
    const auto not_timed =
        static_cast<std::uint64_t>(std::count_if(file.functions().begin(), file.functions().end(),
                                                 [](const FunctionUse& function) { return !function.not_timed().empty(); }));
    if (not_timed > 0) {
        text += fmt::format("{} {} counted, and can't be timed (--explain says why)\n", grouped(not_timed),
                            not_timed == 1 ? "function is" : "functions are");
    }
    std::uint64_t unmatched = 0;
    for (const FunctionUse& function : file.functions()) unmatched += function.unmatched();
    if (unmatched > 0) {
        text += fmt::format("{} of calls that had begun before {} not timed\n",
                            unmatched == 1 ? "1 return" : grouped(unmatched) + " returns", unmatched == 1 ? "is" : "are");
    }
    return text;
}

std::string unused_line(const FunctionUse& function) {
    if (!function.has_watched()) return "  " + shown(function) + "\n";
    return fmt::format("  {}  ({})\n", shown(function), watched_text(function.watched()));
}

std::string file_text(const FunctionFile& file, const CallChains& chains, const FunctionsView& view,
                      const TerminalStyle& style) {
    std::string text = heading(file, style);
    if (!file.miss().empty()) text += "no functions: " + terminal_safe(file.miss()) + "\n";
    if (!file.miss().empty() && file.known_probes() == 0) return text;
    text += summary(file, style);
    if (file.unread_notes() > 0)
        text += fmt::format("{} notes of USDT probes make no sense and are left out\n", grouped(file.unread_notes()));
    if (!file.watched().spans().empty() && (view.unused || file.watched().sessions() > 1)) {
        text += toned(watched_text(file.watched()), Tone::kQuiet, style) + "\n";
    }
    if (file.late_nanos() > 0) {
        text += fmt::format("counted from {} after it was loaded on; calls before that are not\n",
                            human_duration(in_seconds(file.late_nanos())));
    }
    if (!file.no_sources().empty()) text += "not picked by source file: " + terminal_safe(file.no_sources()) + "\n";
    text += timing_lines(file);
    const bool listed = file.watched_nanos() == 0;  // nothing was attached
    std::vector<const FunctionUse*> functions = ranked(file, view.unused || listed);
    const std::size_t all = functions.size();
    if (view.most != 0 && all > view.most) functions.resize(view.most);
    if (view.unused && !view.explain) {
        for (const FunctionUse* function : functions) text += unused_line(*function);
    } else if (!functions.empty()) {
        text += rows_of(file, chains, functions, view, style).text;
    }
    if (functions.size() < all) text += fmt::format("… and {} more (--rows 0 shows all)\n", grouped(all - functions.size()));
    return view.explain ? text + reason_lines(file, view.most) : text;
}

}  // namespace

std::string functions_text(const Snapshot& snapshot, const FunctionsView& view, const TerminalStyle& style) {
    std::string text = merged_text(snapshot.session(), style);
    if (view.files) return text + used_files_text(snapshot, style);
    const CallChains chains(snapshot);
    for (const FunctionFile& file : snapshot.function_files()) {
        if (!text.empty()) text += "\n";
        text += file_text(file, chains, view, style);
    }
    return text;
}

}  // namespace footfall
