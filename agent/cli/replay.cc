// footfall replay: recorded raw events through the same pipeline. Deterministic, needs no privilege and no BPF.
#include "agent/session/replay.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "agent/cli/command.h"
#include "agent/cli/live_options.h"
#include "agent/cli/report_output.h"
#include "output/session/session_file.h"

namespace footfall {
namespace {

struct ReplayFlags {
    ConfigOptions config;
    ReportFormat format;
    std::string file;
    std::string output;
    bool force = false;
};

Result<int> replay(const ReplayFlags& flags) {
    const auto config = flags.config.resolve();
    if (!config) return tl::unexpected(config.error());
    const auto format = flags.format.comparing(*config);
    if (!format) return tl::unexpected(format.error());
    const auto replayed = replay_file(flags.file, *config, FOOTFALL_VERSION);
    if (!replayed) return tl::unexpected(replayed.error());
    if (const auto printed = format->print(replayed->snapshot, stdout); !printed) return tl::unexpected(printed.error());
    if (!flags.output.empty()) {
        const IfExists if_exists = flags.force ? IfExists::kReplace : IfExists::kRefuse;
        if (const auto written = write_session_file(flags.output, replayed->snapshot, if_exists); !written) {
            return tl::unexpected(written.error());
        }
    }
    // What could be read is printed; that it was not all is an error all the same.
    if (replayed->damage) return tl::unexpected(*replayed->damage);
    return 0;
}

}  // namespace

CommandRunner set_up_replay(CLI::App& command) {
    const auto flags = std::make_shared<ReplayFlags>();
    command.add_option("file", flags->file, "raw events that record --raw has kept")->required()->type_name("FILE.ffraw");
    command.add_option("-o,--output", flags->output, "keep the result as a session file")->type_name("FILE.ffs");
    command.add_flag("--force", flags->force, "replace a file that exists");
    flags->format.add_to(command);
    flags->config.add_to(command, {"operations", "inventory", "features", "consumers", "log"});
    command.footer(
        "Examples:\n"
        "  footfall replay capture.ffraw                          the table of that recording\n"
        "  footfall replay capture.ffraw --route '/u/{name}' --json  the same with other route names, as JSON");
    return [flags](const WatchedWords&) { return replay(*flags); };
}

}  // namespace footfall
