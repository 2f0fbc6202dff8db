#include "output/table/inventory_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <vector>

#include "agent/base/human_units.h"
#include "output/table/text_grid.h"
#include "output/table/watched_text.h"

namespace footfall {
namespace {

std::string count_of(const InventoryAnswer& answer, InventoryState state) {
    return grouped(static_cast<std::uint64_t>(std::count_if(
        answer.lines.begin(), answer.lines.end(), [&](const InventoryLine& line) { return line.state == state; })));
}

std::string unused_lines(const InventoryAnswer& answer, const TerminalStyle& style) {
    std::map<std::string, std::string> by_watch;
    for (const InventoryLine& line : answer.lines) {
        if (line.state == InventoryState::kUnused)
            by_watch[watched_text(line.watched)] += "  " + terminal_safe(line.text) + "\n";
    }
    std::string text;
    for (const auto& [watch, lines] : by_watch)
        text.append("\n").append(toned("never used, " + watch, Tone::kHeading, style)).append("\n").append(lines);
    return text;
}

std::string not_watched_lines(const InventoryAnswer& answer, const TerminalStyle& style) {
    std::string lines;
    for (const InventoryLine& line : answer.lines) {
        if (line.state == InventoryState::kNotWatched) lines += "  " + terminal_safe(line.text) + "\n";
    }
    if (lines.empty()) return lines;
    return "\n" + toned("not watched, so nothing is known of their use", Tone::kHeading, style) + "\n" + lines;
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

std::string inventory_text(const InventoryAnswer& answer, bool all, const TerminalStyle& style) {
    std::string text = fmt::format("{} in the list: {} used, {} never, {} not watched\n", grouped(answer.lines.size()),
                                   count_of(answer, InventoryState::kUsed), count_of(answer, InventoryState::kUnused),
                                   count_of(answer, InventoryState::kNotWatched));
    if (answer.folded_uses > 0) {
        text +=
            toned(fmt::format("{} uses are of operations that were not kept (--operations.limit): some may be of the list",
                              grouped(answer.folded_uses)),
                  Tone::kAlarm, style) +
            "\n";
    }
    text += unused_lines(answer, style) + not_watched_lines(answer, style);
    return all ? text + unlisted_lines(answer, style) : text;
}

}  // namespace footfall
