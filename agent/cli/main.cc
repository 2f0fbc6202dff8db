// The command line: parses it, runs one command, prints its error, and ends with its exit code (DESIGN §5).
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

#include "agent/base/text.h"
#include "agent/cli/command.h"
#include "symbolizer/debuginfod/debuginfod_fetch.h"
#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"
#include "symbolizer/worker/symbolizer_worker.h"

namespace footfall {
namespace {

struct CommandRow {
    const char* name;
    const char* summary;
    CommandSetup set_up;
    bool watches_command = false;  // behind "--"
};

constexpr CommandRow kCommands[] = {
    {"record", "watch a target for a while: what is used, how often, how fast", set_up_record, true},
    {"trace", "print one line for each use, as it happens", set_up_trace},
    {"functions", "count the calls of functions, and tell which never are called", set_up_functions, true},
    {"agent", "watch all the time and serve /metrics", set_up_agent},
    {"report", "print a session file that record has written", set_up_report},
    {"replay", "run recorded raw events through the same pipeline, without privilege", set_up_replay},
    {"doctor", "what works on this host, what doesn't, why, and the fix", set_up_doctor},
};

int print_error(const Error& error) {
    std::fprintf(stderr, "footfall: %s\n", error.what.c_str());
    if (!error.fix.empty()) std::fprintf(stderr, "  fix: %s\n", error.fix.c_str());
    return static_cast<int>(error.exit_code);
}

// All long options and command names that the user may have meant.
void collect_names(const CLI::App& app, std::vector<std::string>& names) {
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
}

// The word of the command line that CLI11 did not know, with the nearest one that it does.
std::string suggestion(const CLI::App& app, int argc, char** argv) {
    const CLI::App* active = &app;
    for (const CLI::App* command : app.get_subcommands()) active = command;
    std::vector<std::string> names;
    collect_names(*active, names);
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (int i = 1; i < argc && std::string_view(argv[i]) != "--"; ++i) {
        const std::string_view word = std::string_view(argv[i]).substr(0, std::string_view(argv[i]).find('='));
        if (std::find(known.begin(), known.end(), word) != known.end() || word == active->get_name()) continue;
        if (active == &app || word.starts_with("--")) {
            if (const std::string_view near = nearest(word, known); !near.empty()) return std::string(near);
        }
    }
    return {};
}

// The first word, where a command is expected and it is none.
const char* unknown_command(const CLI::App& app, int argc, char** argv) {
    return argc > 1 && argv[1][0] != '-' && app.get_subcommands().empty() ? argv[1] : nullptr;
}

// CLI11's words for what it could not read, in ours.
std::string reworded(const std::string& what) {
    static constexpr std::string_view kNoNumber = "Could not convert: ";
    if (what == "A subcommand is required") return "a command is missing";
    if (!what.starts_with(kNoNumber)) return what;
    const std::size_t equals = what.find(" = ");
    if (equals == std::string::npos) return what;
    return what.substr(kNoNumber.size(), equals - kNoNumber.size()) + ": '" + what.substr(equals + 3) +
           "' is not a number that it takes";
}

int print_usage_error(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
    if (const char* word = unknown_command(app, argc, argv); word != nullptr) {
        std::fprintf(stderr, "footfall: there is no command '%s'\n", word);
    } else {
        std::fprintf(stderr, "footfall: %s\n", reworded(error.what()).c_str());
    }
    if (const std::string near = suggestion(app, argc, argv); !near.empty()) {
        std::fprintf(stderr, "  fix: did you mean '%s'?\n", near.c_str());
    } else {
        std::fprintf(stderr, "  fix: `footfall --help` lists the commands, `footfall COMMAND --help` its options\n");
    }
    return static_cast<int>(ExitCode::kUsage);
}

// A command to watch stands behind "--", so that a slip of the pen runs nothing, and an empty variable there does not mean
// the whole host.
Result<void> check_watched(const CommandRow& row, bool dashes, const WatchedWords& watched) {
    if (dashes && !row.watches_command)
        return failure(std::string("footfall ") + row.name + " runs nothing", "leave '--' and what is behind it out",
                       ExitCode::kUsage);
    if (dashes && watched.empty())
        return failure("there is no command behind '--'", "name the one to run and watch, or leave '--' out",
                       ExitCode::kUsage);
    return {};
}

Result<void> check_stray(const CLI::App& app) {
    const CLI::Option* words = app.get_option_no_throw("stray");
    if (words == nullptr || words->count() == 0) return {};
    const std::string& stray = words->results().front();
    return failure("'" + stray + "' belongs to no option",
                   "a command to run and watch stands behind '--': footfall record -- " + stray + "; of processes: -p 1,2",
                   ExitCode::kUsage);
}

Miss write_unwind_table(int elf, int out) {
    TableFileWriter writer(out, {});
    return build_unwind_table(elf, writer) && writer.finish() ? Miss::kNone : Miss::kMalformed;
}

int run(int argc, char** argv) {
    CLI::App app{"footfall shows what is used on this server: by whom, how often, how fast.", "footfall"};
    app.set_version_flag("-V,--version", "footfall " FOOTFALL_VERSION);
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  sudo footfall record --unit nginx -d 30s      which routes nginx served in 30 seconds\n"
        "  sudo footfall record -- ./server --port 80    start a program and watch it and its children\n"
        "  sudo footfall trace -p 812                    every request, as it happens\n"
        "  sudo footfall doctor                          what works here");
    std::map<const CLI::App*, const CommandRow*> rows;
    std::map<const CLI::App*, CommandRunner> runners;
    for (const CommandRow& row : kCommands) {
        CLI::App* command = app.add_subcommand(row.name, row.summary);
        rows[command] = &row;
        runners[command] = row.set_up(*command);
    }
    char** const dashes = std::find(argv, argv + argc, std::string_view("--"));
    const int own_words = static_cast<int>(dashes - argv);
    const WatchedWords watched(own_words < argc ? dashes + 1 : dashes, argv + argc);
    try {
        app.parse(own_words, argv);
    } catch (const CLI::Success& asked) {  // --help, --version
        return app.exit(asked);
    } catch (const CLI::ParseError& error) {
        return print_usage_error(app, error, own_words, argv);
    }
    const CLI::App* command = app.get_subcommands().front();
    if (const auto checked = check_watched(*rows[command], own_words < argc, watched); !checked)
        return print_error(checked.error());
    if (const auto checked = check_stray(*command); !checked) return print_error(checked.error());
    std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is a failed write, not our end
    const Result<int> result = runners[command](watched);
    return result ? *result : print_error(result.error());
}

}  // namespace
}  // namespace footfall

// An exception that nobody expects is a bug: it must end the program where it is, with its trace.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char** argv) {
    // Not a command: how SymbolizerClient starts its worker.
    if (argc == 2 && std::string_view(argv[1]) == "symbolizer-worker") {
        return footfall::run_symbolizer_worker(footfall::kSymbolizerWorkerSocket, {footfall::write_unwind_table});
    }
    // Nor is this: how DebuginfodClient starts its helper.
    if (argc > 2 && std::string_view(argv[1]) == "debuginfod-fetch") {
        return footfall::run_debuginfod_fetch({argv + 2, argv + argc});
    }
    return footfall::run(argc, argv);
}
