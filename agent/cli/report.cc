// footfall report: prints what a session file holds.
#include <memory>

#include "agent/cli/command.h"
#include "agent/cli/report_output.h"
#include "output/session/session_file.h"

namespace footfall {
namespace {

struct ReportFlags {
    ReportFormat format;
    std::string file;
};

Result<int> report(const ReportFlags& flags) {
    const auto snapshot = read_session_file(flags.file);
    if (!snapshot) return tl::unexpected(snapshot.error());
    if (const auto printed = flags.format.print(*snapshot, stdout); !printed) return tl::unexpected(printed.error());
    return 0;
}

}  // namespace

CommandRunner set_up_report(CLI::App& command) {
    const auto flags = std::make_shared<ReportFlags>();
    command.add_option("file", flags->file, "session that record -o has kept")->required()->type_name("FILE.ffs");
    flags->format.add_to(command);
    command.footer(
        "Examples:\n"
        "  footfall report today.ffs          the table again\n"
        "  footfall report today.ffs --json   for scripts");
    return [flags] { return report(*flags); };
}

}  // namespace footfall
