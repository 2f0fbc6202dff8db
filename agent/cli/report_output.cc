#include "agent/cli/report_output.h"

#include <cerrno>
#include <cstdio>

#include "output/json/session_json.h"
#include "output/table/usage_table_text.h"

namespace footfall {

void ReportFormat::add_to(CLI::App& command) {
    command.add_option("--format", format_, "table (for people) or json (footfall.session/v1)")
        ->check(CLI::IsMember({"table", "json"}))
        ->type_name("FORMAT");
    command.add_flag("--json", json_, "the same as --format json");
}

Result<void> ReportFormat::print(const Snapshot& snapshot, std::FILE* to) const {
    const std::string text =
        json_ || format_ == "json" ? session_json(snapshot) : usage_table_text(snapshot, TerminalStyle::of(fileno(to)));
    const bool written = std::fwrite(text.data(), 1, text.size(), to) == text.size() && std::fflush(to) == 0;
    if (!written && errno != EPIPE && errno != EBADF) return system_failure("cannot print the report", errno);
    return {};
}

}  // namespace footfall
