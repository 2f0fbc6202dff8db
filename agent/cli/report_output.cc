#include "agent/cli/report_output.h"

#include <cerrno>
#include <cstdio>
#include <utility>

#include "agent/inventory/features_file.h"
#include "agent/inventory/inventory_file.h"
#include "output/flamegraph/flamegraph_html.h"
#include "output/folded/folded_stacks.h"
#include "output/json/session_json.h"
#include "output/pprof/pprof_profile.h"
#include "output/session/watched.h"
#include "output/table/features_text.h"
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
    command.add_flag("--unused", functions_.unused,
                     choice_ == FormatChoice::kFunctions
                         ? "functions that were never called"
                         : "only what was never used: functions, and what --inventory and --features name");
    command.add_option("--rows", functions_.most, "functions of a file; 0: all")->type_name("N")->capture_default_str();
}

bool ReportFormat::needs_stacks() const { return name() == "pprof" || name() == "folded" || name() == "flamegraph"; }

std::string ReportFormat::table(const Snapshot& snapshot, const TerminalStyle& style) const {
    if (compared_.anything()) return comparison(snapshot, style);
    if (snapshot.function_files().empty()) return usage_table_text(snapshot, style);
    const std::string functions = functions_text(snapshot, functions_, style);
    const bool alone = needs_functions() || watched_operations(snapshot).sessions() == 0;
    return alone ? functions : usage_table_text(snapshot, style) + "\n" + functions;
}

// The table by feature says of itself that sessions were added up.
std::string ReportFormat::comparison(const Snapshot& snapshot, const TerminalStyle& style) const {
    const bool unused = functions_.unused;
    std::string text;
    if (compared_.features) text = features_text(snapshot, compare_features(snapshot, *compared_.features), unused, style);
    if (!compared_.features || unused) text = merged_text(snapshot.session(), style) + text;
    if (!compared_.inventory) return text;
    const InventoryView view{.unused = unused, .unlisted = compared_.unlisted};
    return text + (compared_.features ? "\n" : "") +
           inventory_text(compare_inventory(snapshot, *compared_.inventory), view, style);
}

std::string ReportFormat::json(const Snapshot& snapshot) const {
    std::optional<InventoryAnswer> inventory;
    std::optional<FeatureUses> features;
    if (compared_.inventory) inventory = compare_inventory(snapshot, *compared_.inventory);
    if (compared_.features) features = compare_features(snapshot, *compared_.features);
    return session_json(snapshot, {inventory ? &*inventory : nullptr, features ? &*features : nullptr});
}

Result<ComparedWith> read_compared(const std::vector<std::string>& inventory, const std::string& features) {
    ComparedWith compared;
    if (!inventory.empty()) {
        auto read = read_inventory(inventory);
        if (!read) return tl::unexpected(read.error());
        compared.inventory = *std::move(read);
    }
    if (!features.empty()) {
        auto read = read_features(features);
        if (!read) return tl::unexpected(read.error());
        compared.features = *std::move(read);
    }
    return compared;
}

Result<ReportFormat> ReportFormat::comparing(const Config& config) const {
    auto compared = read_compared(config.inventory_files, config.features_file);
    if (!compared) return tl::unexpected(compared.error());
    ReportFormat format = *this;
    format.compare_with(*std::move(compared));
    return format;
}

Result<std::string> ReportFormat::render(const Snapshot& snapshot, const TerminalStyle& style,
                                         const Snapshot* before) const {
    if (name() == "json") return json(snapshot);
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
