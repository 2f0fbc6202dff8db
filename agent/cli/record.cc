// footfall record: one bounded session. The usage table goes to stdout, -o keeps the session for report.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "agent/cli/command.h"
#include "agent/cli/live_options.h"
#include "agent/cli/progress_line.h"
#include "agent/cli/report_output.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/watched_command.h"
#include "output/session/functions_in_stacks.h"
#include "output/session/session_file.h"

namespace footfall {
namespace {

constexpr std::uint64_t kTargetCheckInterval = 200'000'000;

struct RecordFlags {
    LiveFlags live;
    ReportFormat format;
    DurationFlag duration;
    std::string output;
    std::string raw;
    bool force = false;
    bool quiet = false;
    WatchedWords command;
    std::vector<std::string> stray;
};

// Why a recording ends.
class End {
public:
    End(std::uint64_t duration, LiveSession& session, WatchedCommand* command)
        : duration_(duration), session_(session), command_(command), start_(monotonic_now()) {}

    [[nodiscard]] bool reached() {
        const MonotonicTime now = monotonic_now();
        if (duration_ != 0 && elapsed(start_, now) >= duration_) return true;
        if (command_ != nullptr) return command_->exit_code().has_value();
        if (elapsed(last_look_, now) < kTargetCheckInterval) return false;
        last_look_ = now;
        return !session_.target_alive();
    }

private:
    std::uint64_t duration_;
    LiveSession& session_;
    WatchedCommand* command_;
    MonotonicTime start_;
    MonotonicTime last_look_;
};

// Until the end. What went wrong meanwhile (a full disk under the raw file) ends the recording with an error, but not early.
Result<void> watch(LiveSession& session, StopSignal& stop, End& end, bool quiet) {
    ProgressLine progress(!quiet);
    Result<void> result;
    while (!end.reached() && !stop.wait(session.pause_nanoseconds())) {
        if (Result<void> drained = session.drain(); !drained) {
            spdlog::error("{}; going on without it", drained.error().what);
            result = drained;
        }
        progress.show(session);
    }
    return result;
}

// Stops the session and puts what it saw where it was asked for. All of it is tried; the first failure is returned.
Result<void> finish(LiveSession& session, const RecordFlags& flags, const ReportFormat& format, std::FILE* report_to) {
    const Result<void> stopped = session.stop();
    Snapshot snapshot = session.snapshot();
    if (const auto stacks = session.stacks()) {
        SymbolizerClient client;
        fill_stacks(*stacks, client, *snapshot.mutable_stacks());
        join_with_stacks(snapshot);
    }
    if (const auto stacks = session.call_stacks()) {
        SymbolizerClient client;
        fill_stacks(*stacks, client, *snapshot.mutable_call_stacks());
    }
    Result<void> kept;
    if (!flags.output.empty()) {
        kept = write_session_file(flags.output, snapshot, flags.force ? IfExists::kReplace : IfExists::kRefuse);
        if (kept && !flags.quiet) std::fprintf(stderr, "footfall: session file %s\n", flags.output.c_str());
    }
    const Result<void> printed = format.print(snapshot, report_to);
    return !stopped ? stopped : !printed ? printed : kept;
}

Result<LiveOptions> options_of(const RecordFlags& flags) {
    auto options = flags.live.resolve();
    if (!options) return options;
    if (!flags.output.empty()) {
        const auto free = check_destination(flags.output, flags.force ? IfExists::kReplace : IfExists::kRefuse);
        if (!free) return tl::unexpected(free.error());
        if (flags.output == flags.raw) return failure("-o and --raw name the same file", {}, ExitCode::kUsage);
        // Better now than after an hour of recording.
        const std::string directory = std::filesystem::path(flags.output).parent_path().string();
        if (access(directory.empty() ? "." : directory.c_str(), W_OK) != 0) {
            return system_failure("cannot create " + flags.output, errno);
        }
    }
    options->raw_path = flags.raw;
    options->force = flags.force;
    return options;
}

Result<int> record(const RecordFlags& flags) {
    auto options = options_of(flags);
    if (!options) return tl::unexpected(options.error());
    const auto format = flags.format.comparing(options->config);
    if (!format) return tl::unexpected(format.error());
    const auto duration = flags.duration.resolve();
    if (!duration) return tl::unexpected(duration.error());

    StopSignal stop;
    std::optional<WatchedCommand> command;
    if (!flags.command.empty()) {
        auto prepared = WatchedCommand::prepare(flags.command);
        if (!prepared) return tl::unexpected(prepared.error());
        command.emplace(*std::move(prepared));
        options->target.command = command->pid();
        options->target_words.push_back("command=" + flags.command.front());
        options->program = program_of(flags.command.front());
    }
    auto session = LiveSession::start(*std::move(options));
    if (!session) return tl::unexpected(session.error());
    const bool endless = *duration == 0 && !command;
    if (!flags.quiet)
        std::fprintf(stderr, "footfall: recording%s\n", endless ? " (Ctrl-C ends it and prints the table)" : "");
    if (command) {
        if (const auto started = command->go(); !started) return tl::unexpected(started.error());
    }
    End end(*duration, **session, command ? &*command : nullptr);
    const Result<void> watched = watch(**session, stop, end, flags.quiet);
    stop.release();
    const bool ended_by_us = command && !command->exit_code();
    if (command) command->terminate();
    // A command's own output stays what it is, unless a report was asked for.
    const Result<void> finished = finish(**session, flags, *format, command && !flags.format.chosen() ? stderr : stdout);
    if (!watched || !finished) return tl::unexpected((watched ? finished : watched).error());
    return command && !ended_by_us ? command->exit_code().value_or(0) : 0;
}

}  // namespace

CommandRunner set_up_record(CLI::App& command) {
    const auto flags = std::make_shared<RecordFlags>();
    flags->duration.add_to(command);
    command.add_option("-o,--output", flags->output, "keep the session in a file, for report")->type_name("FILE.ffs");
    command
        .add_option("--raw", flags->raw, "keep the raw events too, for replay; they hold what was sent, secrets included")
        ->type_name("FILE.ffraw");
    command.add_flag("--force", flags->force, "replace files that exist");
    command.add_flag("-q,--quiet", flags->quiet, "no progress on stderr");
    command.add_option("stray", flags->stray)->group("");  // main tells where it belongs
    flags->format.add_to(command);
    flags->live.add_to(command, {"operations", "functions", "inventory", "features", "consumers", "ring", "stacks", "log"});
    command.footer(
        "Examples:\n"
        "  footfall record --unit nginx -d 30s               30 seconds of nginx\n"
        "  footfall record -p 812,907 -o today.ffs           two processes until Ctrl-C, kept in a file\n"
        "  footfall record --port 8080 --route '/users/{name}'  one port, with a name for its routes\n"
        "  footfall record --json -- ./run-tests.sh          what a test run uses, as JSON");
    return [flags](const WatchedWords& watched) {
        flags->command = watched;
        return record(*flags);
    };
}

}  // namespace footfall
