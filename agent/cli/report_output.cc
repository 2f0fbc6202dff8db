#include "agent/cli/report_output.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "output/flamegraph/flamegraph_html.h"
#include "output/folded/folded_stacks.h"
#include "output/json/session_json.h"
#include "output/pprof/pprof_profile.h"
#include "output/session/inventory.h"
#include "output/table/inventory_text.h"
#include "output/table/usage_table_text.h"
#include "output/table/watched_text.h"

namespace footfall {

void ReportFormat::add_to(CLI::App& command) {
    const bool stacks = choice_ == FormatChoice::kUsageAndStacks;
    CLI::Option* format =
        command
            .add_option(
                "--format", format_,
                stacks ? "table (for people), json (footfall.session/v1), and of stacks: pprof (go tool pprof, Pyroscope, "
                         "Parca), folded (flamegraph.pl; microseconds), flamegraph (one HTML file)"
                       : "table (for people) or json (footfall.session/v1)")
            ->check(stacks ? CLI::IsMember({"table", "json", "pprof", "folded", "flamegraph"})
                           : CLI::IsMember({"table", "json"}))
            ->type_name("FORMAT");
    command.add_flag("--json", json_, "the same as --format json")->excludes(format);
    if (choice_ == FormatChoice::kUsage) return;
    command.add_flag("--explain", functions_.explain, "where calls of functions are counted, and what that costs");
    command.add_flag("--unused", functions_.unused, "functions that were never called");
    command.add_option("--rows", functions_.most, "functions of a file; 0: all")->type_name("N")->capture_default_str();
}

void ReportFormat::compare_with(std::string list, bool all) {
    list_ = std::move(list);
    all_ = all;
}

bool ReportFormat::needs_stacks() const { return name() == "pprof" || name() == "folded" || name() == "flamegraph"; }

std::string ReportFormat::table(const Snapshot& snapshot, const TerminalStyle& style) const {
    if (list_)
        return merged_text(snapshot.session(), style) + inventory_text(compare_inventory(snapshot, *list_), all_, style);
    if (snapshot.function_files().empty()) return usage_table_text(snapshot, style);
    const std::string functions = functions_text(snapshot, functions_, style);
    const bool alone = needs_functions() || snapshot.operations().empty();
    return alone ? functions : usage_table_text(snapshot, style) + "\n" + functions;
}

Result<std::string> ReportFormat::render(const Snapshot& snapshot, const TerminalStyle& style,
                                         const Snapshot* before) const {
    if (name() == "json" && list_) {
        const InventoryAnswer inventory = compare_inventory(snapshot, *list_);
        return session_json(snapshot, &inventory);
    }
    if (name() == "json") return session_json(snapshot);
    if (name() == "pprof") return pprof_profile(snapshot);
    if (name() == "folded") return folded_stacks(snapshot.stacks());
    if (name() == "flamegraph") return flamegraph_html(snapshot, before);
    return table(snapshot, style);
}

Result<void> ReportFormat::print(const Snapshot& snapshot, std::FILE* to, const Snapshot* before) const {
    const auto text = render(snapshot, TerminalStyle::of(fileno(to)), before);
    if (!text) return tl::unexpected(text.error());
    const bool written = std::fwrite(text->data(), 1, text->size(), to) == text->size() && std::fflush(to) == 0;
    if (!written && errno != EPIPE && errno != EBADF) return system_failure("cannot print the report", errno);
    return {};
}

}  // namespace footfall
