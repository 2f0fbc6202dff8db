#include "output/table/usage_table_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/human_units.h"
#include "output/session/histogram_math.h"
#include "output/session/operation_totals.h"
#include "output/session/unattributed_cpu.h"
#include "output/session/wall_clock_text.h"
#include "output/table/blind_spots_text.h"
#include "output/table/error_types_text.h"
#include "output/table/stack_summary_text.h"
#include "output/table/text_grid.h"
#include "output/table/watched_text.h"

namespace footfall {
namespace {

using NamedCounts = google::protobuf::Map<std::string, std::uint64_t>;

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string out;
    for (const std::string& part : parts) {
        if (!out.empty()) out += between;
        out += part;
    }
    return out;
}

// --- the table ------------------------------------------------------------------------------------------------------

constexpr std::size_t kErrorTypesWidth = 40;
constexpr const char* kCpuTitle = "CPU";

// What went wrong is worth more than how the times are spread, and stands last, where it bends no column.
std::vector<GridColumn> columns(bool with_costs, bool with_errors) {
    std::vector<GridColumn> columns = {{.title = "SERVICE", .narrowest = 10},
                                       {.title = "ROLE", .rank = 10},
                                       {.title = "KIND", .rank = 7},
                                       {.title = "OPERATION", .narrowest = 20},
                                       {.title = "USES", .numeric = true},
                                       {.title = "ERRORS", .numeric = true},
                                       {.title = "p50", .numeric = true},
                                       {.title = "p90", .numeric = true, .rank = 3},
                                       {.title = "p99", .numeric = true, .rank = 11},
                                       {.title = "MAX", .numeric = true, .rank = 5}};
    if (with_costs) {
        columns.push_back({.title = "CPU/USE", .numeric = true, .rank = 8});
        columns.push_back({.title = kCpuTitle, .numeric = true, .rank = 6});
    }
    columns.push_back({.title = "IN", .numeric = true, .rank = 1});
    columns.push_back({.title = "OUT", .numeric = true, .rank = 2});
    columns.push_back({.title = "CONSUMERS", .numeric = true, .rank = 4});
    if (with_errors) columns.push_back({.title = "ERROR TYPES", .narrowest = 16, .rank = 9});
    return columns;
}

GridCell errors_cell(const OperationTotals& totals) {
    if (totals.errors == 0) return {"0", Tone::kQuiet};
    return {fmt::format("{} ({})", grouped(totals.errors), human_share(totals.errors, totals.uses)), Tone::kAlarm};
}

// "http+tls", or "http+tls 12%" where the other uses came in cleartext.
std::string kind_text(const Operation& operation, const OperationTotals& totals) {
    std::string kind = terminal_safe(operation.kind());
    if (totals.tls == 0) return kind;
    return totals.tls == totals.uses ? kind + "+tls" : kind + "+tls " + human_share(totals.tls, totals.uses);
}

GridCell cost_cell(std::uint64_t nanoseconds) { return {human_duration(in_seconds(nanoseconds))}; }

std::vector<GridCell> row(const RankedOperation& ranked, bool with_costs, bool with_errors) {
    const Operation& operation = *ranked.operation;
    const Histogram& latency = ranked.totals.latency;
    const auto duration = [&](double seconds) { return GridCell{latency.count() == 0 ? "-" : human_duration(seconds)}; };
    const auto at = [&](double q) { return duration(quantile(latency, q)); };
    std::vector<GridCell> cells = {{terminal_safe(operation.service())},
                                   {std::string(role_name(operation.role()))},
                                   {kind_text(operation, ranked.totals)},
                                   {terminal_safe(operation.operation())},
                                   {grouped(ranked.totals.uses)},
                                   errors_cell(ranked.totals),
                                   at(0.5),
                                   at(0.9),
                                   at(0.99),
                                   duration(latency.max())};
    if (with_costs) {
        const OperationCost& cost = operation.cost();
        const bool known = cost.uses() != 0;
        cells.push_back(known ? cost_cell(cost.cpu_nanos() / cost.uses()) : GridCell{"-"});
        cells.push_back(known ? cost_cell(cost.cpu_nanos()) : GridCell{"-"});
    }
    cells.push_back({human_bytes(operation.bytes_in())});
    cells.push_back({human_bytes(operation.bytes_out())});
    // A client's consumer is the service itself.
    cells.push_back({operation.role() == ROLE_CLIENT ? "-" : grouped(operation.distinct_consumers())});
    if (with_errors) cells.push_back({error_types_text(operation, kErrorTypesWidth), Tone::kAlarm});
    return cells;
}

// What a service ran for none of its operations.
std::vector<GridCell> unattributed_row(const UnattributedCpu& unattributed, const std::vector<GridColumn>& columns) {
    std::vector<GridCell> cells;
    for (const GridColumn& column : columns) {
        if (column.title == "SERVICE") {
            cells.push_back({terminal_safe(unattributed.service), Tone::kQuiet});
        } else if (column.title == "OPERATION") {
            cells.push_back({"unattributed", Tone::kQuiet});
        } else if (column.title == kCpuTitle) {
            cells.push_back(cost_cell(unattributed.nanoseconds));
        } else {
            cells.push_back({"-", Tone::kQuiet});
        }
    }
    return cells;
}

// "no room for p90, IN", in lines that do fit.
std::string left_out_lines(const std::vector<std::string>& titles, const TerminalStyle& style) {
    std::string out;
    std::string line = "no room for";
    for (const std::string& title : titles) {
        const std::string word = " " + title + (&title == &titles.back() ? "" : ",");
        if (style.width != 0 && display_width(line + word) > style.width) {
            out += toned(line, Tone::kQuiet, style) + "\n";
            line = "           ";
        }
        line += word;
    }
    return out + toned(line, Tone::kQuiet, style) + "\n";
}

std::string table(const Snapshot& snapshot, const TerminalStyle& style) {
    if (snapshot.operations().empty()) {
        return "No uses were seen: nothing was asked of the target, or in a protocol that footfall does not read yet.\n";
    }
    const std::vector<RankedOperation> operations = ranked_by_uses(snapshot);
    const bool with_errors = std::any_of(operations.begin(), operations.end(),
                                         [](const RankedOperation& ranked) { return ranked.totals.errors != 0; });
    const bool with_costs = std::any_of(operations.begin(), operations.end(),
                                        [](const RankedOperation& ranked) { return ranked.operation->has_cost(); });
    const std::vector<GridColumn> titles = columns(with_costs, with_errors);
    std::vector<std::vector<GridCell>> rows;
    rows.reserve(operations.size());
    for (const RankedOperation& ranked : operations) rows.push_back(row(ranked, with_costs, with_errors));
    for (const UnattributedCpu& unattributed : unattributed_cpu(snapshot)) {
        rows.push_back(unattributed_row(unattributed, titles));
    }
    GridText grid = grid_text(titles, rows, style);
    if (grid.left_out.empty()) return grid.text;
    if (std::find(grid.left_out.begin(), grid.left_out.end(), kCpuTitle) != grid.left_out.end()) {
        rows.resize(operations.size());  // the others had nothing else to say
        grid = grid_text(titles, rows, style);
    }
    return grid.text + left_out_lines(grid.left_out, style);
}

// --- the lines around it --------------------------------------------------------------------------------------------

std::string session_line(const SessionInfo& session, const TerminalStyle& style) {
    std::vector<std::string> parts = {human_duration(in_seconds(session.duration_nanos()))};
    if (!session.host().empty()) parts.push_back("on " + terminal_safe(session.host()));
    if (!session.kernel().empty()) parts.push_back("(Linux " + terminal_safe(session.kernel()) + ")");
    if (session.start_unix_nanos() != 0) parts.push_back("from " + date_and_time_utc({session.start_unix_nanos()}));
    std::string line = joined(parts, " ");

    std::vector<std::string> target(session.target().begin(), session.target().end());
    line += target.empty() ? ", the whole host" : ", " + terminal_safe(joined(target, " "));
    if (session.source() != "live" && !session.source().empty()) line += ", " + terminal_safe(session.source());
    return toned(line, Tone::kQuiet, style) + "\n";
}

// "lost 0", or "lost 12: ring_full 10, gap 2"; most first.
std::string losses(const NamedCounts& counts, std::uint64_t unaccounted, const TerminalStyle& style) {
    std::vector<std::pair<std::string, std::uint64_t>> lost;
    for (const auto& [reason, count] : counts) {
        if (count != 0) lost.emplace_back(terminal_safe(reason), count);
    }
    if (unaccounted != 0) lost.emplace_back("unaccounted", unaccounted);
    if (lost.empty()) return "lost 0";
    std::sort(lost.begin(), lost.end(),
              [](const auto& a, const auto& b) { return a.second != b.second ? a.second > b.second : a.first < b.first; });

    std::uint64_t sum = 0;
    std::vector<std::string> parts;
    for (const auto& [reason, count] : lost) {
        sum += count;
        parts.push_back(reason + " " + grouped(count));
    }
    return toned(fmt::format("lost {}: {}", grouped(sum), joined(parts, ", ")), Tone::kAlarm, style);
}

// What is missing in all = counted + the sum of named losses.
std::uint64_t unaccounted(std::uint64_t all, std::uint64_t counted, const NamedCounts& lost) {
    std::uint64_t known = counted;
    for (const auto& [reason, count] : lost) known += count;
    return all > known ? all - known : 0;
}

std::string accounting_lines(const Accounting& accounting, const TerminalStyle& style) {
    const std::uint64_t events_missing = unaccounted(accounting.received(), accounting.exported(), accounting.dropped());
    const std::uint64_t exchanges_missing =
        unaccounted(accounting.exchanges_started(), accounting.exchanges_used(), accounting.exchanges_lost());
    const auto overflow = accounting.dropped().find("ring_full");
    const bool overflowed = overflow != accounting.dropped().end() && overflow->second > 0;
    return fmt::format("events     {} received, {} counted, {}\n{}exchanges  {} started, {} counted, {}\n",
                       grouped(accounting.received()), grouped(accounting.exported()),
                       losses(accounting.dropped(), events_missing, style),
                       overflowed ? "           uses and times lack these (try --ring.size 64MiB)\n" : "",
                       grouped(accounting.exchanges_started()), grouped(accounting.exchanges_used()),
                       losses(accounting.exchanges_lost(), exchanges_missing, style));
}

std::string cpu(std::uint64_t nanoseconds, std::uint64_t duration) {
    std::string time = human_duration(in_seconds(nanoseconds));
    if (duration == 0) return time;
    return fmt::format("{} ({:.1f}%)", time, static_cast<double>(nanoseconds) / static_cast<double>(duration) * 100);
}

std::string overhead_line(const SessionInfo& session) {
    if (session.source().starts_with("replay")) return "overhead   none here: a replay watches nothing\n";
    const std::uint64_t duration = session.duration_nanos();
    const std::string bpf = session.bpf_cpu_known() ? cpu(session.bpf_cpu_nanos(), duration) : "not measured";
    return fmt::format("overhead   agent CPU {}, BPF CPU {}, peak memory {}\n", cpu(session.agent_cpu_nanos(), duration),
                       bpf, human_bytes(session.agent_peak_rss_bytes()));
}

std::string blind_spot_lines(const Snapshot& snapshot, const TerminalStyle& style) {
    if (snapshot.blind_spots().empty()) return {};
    std::string out = "\n" + toned("not seen", Tone::kHeading, style) + "\n";
    constexpr std::size_t kHintIndent = 4;
    for (const BlindSpot& spot : snapshot.blind_spots()) out += "  " + blind_spot_text(spot, kHintIndent, style);
    return out;
}

}  // namespace

std::string usage_table_text(const Snapshot& snapshot, const TerminalStyle& style) {
    std::string out = session_line(snapshot.session(), style) + merged_text(snapshot.session(), style) + "\n" +
                      table(snapshot, style) + "\n" + accounting_lines(snapshot.accounting(), style) +
                      overhead_line(snapshot.session());
    if (snapshot.has_stacks()) {
        out += stack_completeness_line(snapshot.stacks(), style) + stack_summary_text(snapshot.stacks(), style);
    }
    return out + blind_spot_lines(snapshot, style);
}

}  // namespace footfall
