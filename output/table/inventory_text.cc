#include "output/table/inventory_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <vector>

#include "agent/base/human_units.h"
#include "output/session/wall_clock_text.h"
#include "output/table/text_grid.h"
#include "output/table/watched_text.h"

namespace footfall {
namespace {

using Lines = std::span<const InventoryLine>;

std::uint64_t count_of(Lines lines, InventoryState state) {
    return static_cast<std::uint64_t>(
        std::count_if(lines.begin(), lines.end(), [&](const InventoryLine& line) { return line.state == state; }));
}

std::string never_used_heading(const InventoryLine& line) {
    return line.first_table ? "never the first table of a statement (of others nothing is known), " : "never used, ";
}

std::string unused_lines(Lines lines, const TerminalStyle& style) {
    std::map<std::string, std::string> by_heading;
    for (const InventoryLine& line : lines) {
        if (line.state == InventoryState::kUnused)
            by_heading[never_used_heading(line) + watched_text(line.watched)] += "  " + terminal_safe(line.text) + "\n";
    }
    std::string text;
    for (const auto& [heading, listed] : by_heading)
        text.append("\n").append(toned(heading, Tone::kHeading, style)).append("\n").append(listed);
    return text;
}

std::string unclear_lines(Lines lines, const TerminalStyle& style) {
    std::string listed;
    for (const InventoryLine& line : lines) {
        if (line.state == InventoryState::kUnclear)
            listed += "  " + terminal_safe(line.text) + ": perhaps in " + terminal_safe(line.perhaps_in) + "\n";
    }
    if (listed.empty()) return listed;
    return "\n" + toned("unclear: never used under their own names, but what was may be theirs", Tone::kHeading, style) +
           "\n" + listed;
}

std::string not_watched_lines(Lines lines, const TerminalStyle& style) {
    std::string listed;
    for (const InventoryLine& line : lines) {
        if (line.state == InventoryState::kNotWatched) listed += "  " + terminal_safe(line.text) + "\n";
    }
    if (listed.empty()) return listed;
    return "\n" + toned("not watched, so nothing is known of their use", Tone::kHeading, style) + "\n" + listed;
}

GridCell minute_cell(std::int64_t unix_nanos) { return {unix_nanos == 0 ? "-" : minute_utc({unix_nanos})}; }

std::string used_lines(const InventoryAnswer& answer, const TerminalStyle& style) {
    std::vector<const InventoryLine*> used;
    for (const InventoryLine& line : answer.lines) {
        if (line.state == InventoryState::kUsed) used.push_back(&line);
    }
    if (used.empty()) return {};
    std::stable_sort(used.begin(), used.end(),
                     [](const InventoryLine* a, const InventoryLine* b) { return a->uses > b->uses; });
    std::vector<std::vector<GridCell>> rows;
    rows.reserve(used.size());
    for (const InventoryLine* line : used) {
        rows.push_back({{grouped(line->uses)},
                        minute_cell(line->first_seen_unix_nanos),
                        minute_cell(line->last_seen_unix_nanos),
                        {terminal_safe(line->text)}});
    }
    return "\n" + grid_text({{.title = answer.at_least ? "USES, AT LEAST" : "USES", .numeric = true},
                             {.title = "FIRST SEEN", .rank = 1},
                             {.title = "LAST SEEN", .rank = 2},
                             {.title = "USED", .narrowest = 20}},
                            rows, style)
                      .text;
}

std::string unlisted_lines(const InventoryAnswer& answer, const TerminalStyle& style) {
    if (answer.unlisted.empty()) return "\nnothing else was used\n";
    std::vector<std::vector<GridCell>> rows;
    for (const UnlistedUse& use : answer.unlisted) rows.push_back({{grouped(use.uses)}, {terminal_safe(use.text)}});
    return "\n" + grid_text({{.title = answer.at_least ? "USES, AT LEAST" : "USES", .numeric = true},
                             {.title = "USED, AND NOT IN THE LIST", .narrowest = 20}},
                            rows, style)
                      .text;
}

}  // namespace

std::string states_text(Lines lines, std::string_view what) {
    const std::uint64_t unclear = count_of(lines, InventoryState::kUnclear);
    return fmt::format("{} {}: {} used, {} never, {}{} not watched\n", grouped(lines.size()), what,
                       grouped(count_of(lines, InventoryState::kUsed)), grouped(count_of(lines, InventoryState::kUnused)),
                       unclear > 0 ? grouped(unclear) + " unclear, " : "",
                       grouped(count_of(lines, InventoryState::kNotWatched)));
}

std::string without_use_text(Lines lines, const TerminalStyle& style) {
    return unused_lines(lines, style) + unclear_lines(lines, style) + not_watched_lines(lines, style);
}

std::string inventory_text(const InventoryAnswer& answer, const InventoryView& view, const TerminalStyle& style) {
    std::string text = states_text(answer.lines, "in the list");
    if (answer.folded_uses > 0) {
        text +=
            toned(fmt::format("{} uses are of operations that were not kept (--operations.limit): some may be of the list",
                              grouped(answer.folded_uses)),
                  Tone::kAlarm, style) +
            "\n";
    }
    text += without_use_text(answer.lines, style);
    if (!view.unused) text += used_lines(answer, style);
    return view.unlisted ? text + unlisted_lines(answer, style) : text;
}

}  // namespace footfall
