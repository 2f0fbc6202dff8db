// footfall functions: which functions of a program or library are called, how often, how long, and which never.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "agent/base/text.h"
#include "agent/cli/command.h"
#include "agent/cli/live_options.h"
#include "agent/cli/report_output.h"
#include "agent/cli/stop_signal.h"
#include "agent/cli/watched_command.h"
#include "agent/config/function_pattern.h"
#include "agent/config/values.h"
#include "output/session/session_file.h"

namespace footfall {
namespace {

const std::vector<std::string> kEverything{"*", "*!*"};  // functions of programs and of what they load

struct FunctionFlags {
    LiveFlags live;
    DurationFlag duration;
    std::string output;
    bool force = false;
    bool timed = false;
    bool coverage = false;
    bool list = false;
    bool libraries = false;
    bool stacks = false;
    std::string by;
    std::string budget;
    ReportFormat format{FormatChoice::kFunctions};
};

struct Words {
    std::vector<std::string> patterns;
    WatchedWords command;
};

Result<LiveOptions> options_of(const FunctionFlags& flags, const Words& words) {
    auto options = flags.live.resolve();
    if (!options) return options;
    if (flags.libraries && !words.patterns.empty())
        return failure("--libraries looks at all functions of all files", "leave out the patterns", ExitCode::kUsage);
    auto patterns = parse_function_patterns(flags.libraries ? kEverything : words.patterns);
    if (!patterns) return tl::unexpected(patterns.error());
    options->functions = FunctionOptions{.patterns = *std::move(patterns),
                                         .timed = flags.timed,
                                         .coverage = flags.coverage || flags.libraries,
                                         .attach = !flags.list,
                                         .stacks = flags.stacks};
    if (!flags.by.empty()) {
        const auto by = parse_calls_by(flags.by);
        if (!by) return tl::unexpected(by.error());
        options->functions->by = *by;
    }
    if (!flags.budget.empty()) {
        const auto share = parse_percent(flags.budget);
        if (!share) return failure("--budget: " + share.error().what, share.error().fix, ExitCode::kUsage);
        options->functions->budget = *share;
    }
    // Operations are looked for where calls are told apart by them.
    options->sockets = options->functions->by.what == FunctionBy::kOperation;
    options->config.commands = false;
    options->config.stacks.mode = StackMode::kNone;
    if (!flags.output.empty()) {
        const auto free = check_destination(flags.output, flags.force ? IfExists::kReplace : IfExists::kRefuse);
        if (!free) return tl::unexpected(free.error());
    }
    return options;
}

// "no file named 'libcrypt0*' is loaded (there is 'libcrypto.so.3')"; empty where each pattern has a file.
std::string not_loaded(const FunctionWatch& functions) {
    const auto globs = functions.files_not_met();
    if (globs.empty()) return {};
    std::string text = "no file named '" + globs.front() + "' is loaded";
    const auto near = functions.nearest_files(globs.front());
    for (std::size_t i = 0; i < near.size(); ++i) text += (i == 0 ? " (there is '" : ", '") + near[i] + "'";
    return near.empty() ? text : text + ")";
}

Result<void> check_found(const LiveSession& session) {
    const FunctionWatch& functions = *session.functions();
    if (functions.found_any()) return {};
    std::string fix = "`footfall functions … --list '*'` lists what there is, 'usdt:*:*' the USDT probes";
    if (const auto near = functions.nearest(); !near.empty()) {
        fix = "did you mean";
        for (const std::string& name : near) fix += " '" + name + "'";
        fix += "?";
    } else if (const auto files = functions.without_sources(); !files.empty()) {
        fix = files.front();
    } else if (const auto misses = functions.not_read(); !misses.empty()) {
        fix = "of " + misses.front();
    } else if (const std::string missing = not_loaded(functions); !missing.empty()) {
        fix = missing;
    }
    return failure("no function or probe matches", fix, ExitCode::kNoTarget);
}

Result<int> functions(const FunctionFlags& flags, const Words& words) {
    auto options = options_of(flags, words);
    if (!options) return tl::unexpected(options.error());
    auto format = flags.format.comparing(options->config);
    if (format && flags.libraries) format->show_files();
    if (!format) return tl::unexpected(format.error());
    const auto duration = flags.duration.resolve();
    if (!duration) return tl::unexpected(duration.error());
    StopSignal stop;
    std::optional<WatchedCommand> command;
    if (!words.command.empty()) {
        auto prepared = WatchedCommand::prepare(words.command);
        if (!prepared) return tl::unexpected(prepared.error());
        command.emplace(*std::move(prepared));
        options->target.command = command->pid();
        options->target_words.push_back("command=" + words.command.front());
        options->program = program_of(words.command.front());
    }
    auto session = LiveSession::start(*std::move(options));
    if (!session) return tl::unexpected(session.error());
    const std::string awaited = flags.list || command ? "" : not_loaded(*(*session)->functions());
    if (awaited.empty() && (!command || flags.list)) {
        if (const auto found = check_found(**session); !found) return tl::unexpected(found.error());
    }
    if (!flags.list) {
        if (!awaited.empty()) std::fprintf(stderr, "footfall: %s yet: its calls are counted once it is\n", awaited.c_str());
        std::fputs("footfall: counting calls (Ctrl-C ends it)\n", stderr);
        if (command) {
            if (const auto started = command->go(); !started) return tl::unexpected(started.error());
        }
        const MonotonicTime start = monotonic_now();
        const auto over = [&] {
            if (*duration != 0 && elapsed(start, monotonic_now()) >= *duration) return true;
            return command ? command->exit_code().has_value() : !(*session)->target_alive();
        };
        while (!over() && !stop.wait((*session)->pause_nanoseconds())) {
            if (const auto drained = (*session)->drain(); !drained) return tl::unexpected(drained.error());
        }
    }
    stop.release();
    const bool ended_by_us = command && !command->exit_code();
    if (command) command->terminate();
    if (const auto stopped = (*session)->stop(); !stopped) return tl::unexpected(stopped.error());
    if (const auto found = check_found(**session); !found) return tl::unexpected(found.error());
    Snapshot snapshot = (*session)->snapshot();
    if (const auto stacks = (*session)->call_stacks()) {
        SymbolizerClient client;
        fill_stacks(*stacks, client, *snapshot.mutable_call_stacks());
    }
    if (!flags.output.empty()) {
        const auto kept = write_session_file(flags.output, snapshot, flags.force ? IfExists::kReplace : IfExists::kRefuse);
        if (!kept) return tl::unexpected(kept.error());
    }
    if (const auto printed = format->print(snapshot, stdout); !printed) return tl::unexpected(printed.error());
    return command && !ended_by_us ? command->exit_code().value_or(0) : 0;
}

}  // namespace

CommandRunner set_up_functions(CLI::App& command) {
    const auto flags = std::make_shared<FunctionFlags>();
    const auto patterns = std::make_shared<std::vector<std::string>>();
    command
        .add_option(
            "patterns", *patterns,
            "functions of the program; /REGEX/: by a regular expression; @SOURCE: of source files ('@src/cart/*.cc'); "
            "usdt:PROVIDER:NAME: its USDT probes; FILE! in front: of libraries ('libssl*!SSL_*')")
        ->type_name("GLOB");
    command.add_flag(
        "-l,--latency", flags->timed,
        "also how long calls take (two probes a call; where exceptions pass, and in Go, at each place where they end)");
    command
        .add_flag("--coverage", flags->coverage,
                  "only whether they are called, for all functions of a busy program: a probe goes with the first call")
        ->excludes("--latency");
    command
        .add_flag("--libraries", flags->libraries,
                  "which of the files that are loaded are used at all, and how much of each: --coverage of everything")
        ->excludes("--latency");
    command.add_flag("--stacks", flags->stacks, "also the stacks with which they are called, of some calls each");
    command
        .add_option(
            "--by", flags->by,
            "tell calls apart, too: by process, thread, user, caller (the calling function), operation (that is being "
            "served), or an argument: argN, argN:int, uint, ulong (arg2:ulong:log2: powers of two) or string, which may "
            "show what is personal")
        ->type_name("WHAT")
        ->excludes("--coverage")
        ->excludes("--libraries");
    command
        .add_option(
            "--budget", flags->budget,
            "of one processor, that counting may take: beyond, what costs most is not counted on, and said to be hot")
        ->type_name("PERCENT")
        ->excludes("--coverage")
        ->excludes("--libraries");
    command.add_flag("--list", flags->list, "only list what can be counted; nothing is attached");
    flags->format.add_to(command);
    flags->duration.add_to(command);
    command.add_option("-o,--output", flags->output, "keep the session in a file, for report")->type_name("FILE.ffs");
    command.add_flag("--force", flags->force, "replace a file that exists");
    flags->live.add_to(command, {"inventory", "features", "ring", "log"});
    command.footer(
        "Examples:\n"
        "  footfall functions -p 812 -d 10s 'shop::*'        which of them are called, how often\n"
        "  footfall functions -p 812 --latency 'libssl*!SSL_*'  how long calls of a library take\n"
        "  footfall functions -p 812 -d 10s '/^shop::(get|set)_/' '@src/cart/*.cc'  by their names, by their source files\n"
        "  footfall functions -p 812 -d 10s --by caller 'shop::price*'  which functions call these, how often\n"
        "  footfall functions -p 812 -d 10s --by operation 'shop::*'  which of them each route, RPC or query needs\n"
        "  footfall functions -p 812 -d 10s --by arg1:string lookup  what it looked up\n"
        "  footfall functions -p 812 -d 1h --coverage --unused  what an hour of work did not need\n"
        "  footfall functions -p 812 -d 1m --libraries       which libraries are loaded, and never executed\n"
        "  footfall functions -p 812 'usdt:*:*' 'libstdc++*!usdt:libstdcxx:throw'  its USDT probes, and the exceptions "
        "thrown\n"
        "  footfall functions -p 812 -d 1m --budget 2% 'shop::*'  … without making it slower than that\n"
        "  footfall functions --exe postgres --list --explain 'exec*'  what counting would cost");
    return [flags, patterns](const WatchedWords& watched) { return functions(*flags, {*patterns, watched}); };
}

}  // namespace footfall
