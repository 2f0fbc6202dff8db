#include "output/table/used_files_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/human_units.h"
#include "output/session/used_functions.h"
#include "output/table/text_grid.h"

namespace footfall {
namespace {

std::string state_of(const FunctionFile& file, const UsedFunctions& used) {
    if (!file.miss().empty()) return "not known: " + terminal_safe(file.miss());
    if (used.called > 0) return "used";
    if (file.mapped_as() == "program") return "runs";
    if (file.watched_nanos() == 0) return "not known: nothing was counted";
    std::string state = "never";
    if (file.late_nanos() > 0) state += " from " + human_duration(in_seconds(file.late_nanos())) + " after it was loaded on";
    if (used.not_counted > 0) state += fmt::format(", but for {} that can't be counted", grouped(used.not_counted));
    return state;
}

}  // namespace

std::string used_files_text(const Snapshot& snapshot, const TerminalStyle& style) {
    struct Row {
        const FunctionFile* file;
        UsedFunctions used;
    };
    std::vector<Row> rows;
    for (const FunctionFile& file : snapshot.function_files()) {
        if (!file.mapped_as().empty()) rows.push_back({&file, used_functions(file)});
    }
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
        return a.used.called != b.used.called ? a.used.called > b.used.called : a.file->path() < b.file->path();
    });
    const std::vector<GridColumn> columns{{.title = "CALLED", .numeric = true},
                                          {.title = "OF", .numeric = true, .rank = 1},
                                          {.title = "STATE", .narrowest = 8},
                                          {.title = "FILE", .narrowest = 20}};
    std::vector<std::vector<GridCell>> cells;
    for (const auto& [file, used] : rows) {
        const bool known = file->miss().empty();
        cells.push_back({{known ? grouped(used.called) : "-"},
                         {known ? grouped(used.all) : "-"},
                         {state_of(*file, used)},
                         {terminal_safe(file->path())}});
    }
    if (cells.empty()) return "no file of code was loaded\n";
    std::uint64_t watched = 0;
    for (const auto& [file, used] : rows) watched = std::max(watched, file->watched_nanos());
    const std::string title =
        fmt::format("watched for {}, by how many functions of a file were called\n", human_duration(in_seconds(watched)));
    return toned(title, Tone::kQuiet, style) + grid_text(columns, cells, style).text;
}

}  // namespace footfall
