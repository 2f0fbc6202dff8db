// footfall report: prints what a session file holds, in the form of a table or for other programs.
#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include "agent/cli/command.h"
#include "agent/cli/report_output.h"
#include "output/session/functions_of_operations.h"
#include "output/session/merge_sessions.h"
#include "output/session/session_file.h"
#include "output/stacks/stack_filter.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

struct ReportFlags {
    ReportFormat format{FormatChoice::kUsageAndStacks};
    std::vector<std::string> files;
    std::string diff;
    std::vector<std::string> inventory;
    std::string features;
    bool all = false;
    std::string output;
    bool force = false;
    StackFilter filter;
    std::vector<std::string> states;
    bool off_cpu = false;
    bool calls = false;
    bool libraries = false;
};

tl::unexpected<Error> usage_error(std::string what, std::string fix) {
    return failure(std::move(what), std::move(fix), ExitCode::kUsage);
}

StackSampleState state_of(const std::string& name) {
    if (name == "blocked") return STACK_BLOCKED;
    return name == "queued" ? STACK_QUEUED : STACK_RUNNING;
}

StackFilter filter_of(const ReportFlags& flags) {
    StackFilter filter = flags.filter;
    for (const std::string& state : flags.states) filter.states.push_back(state_of(state));
    if (flags.off_cpu) filter.states = {STACK_BLOCKED, STACK_QUEUED};
    // Folded lines don't say their state, and times on and off the CPU in one picture would mean nothing.
    if (!flags.calls && filter.states.empty() && flags.format.name() == "folded") filter.states = {STACK_RUNNING};
    return filter;
}

// What can be refused before a file is read.
Result<void> check(const ReportFlags& flags) {
    if (!flags.diff.empty() && flags.format.name() != "flamegraph") {
        return usage_error("--diff compares flame graphs only", "add --format flamegraph");
    }
    StackFilter of_stacks = filter_of(flags);
    if (!flags.format.needs_stacks()) of_stacks.operations.clear();  // they choose functions, too
    if (flags.files.size() > 1 && (flags.format.needs_stacks() || !of_stacks.chooses_all())) {
        return usage_error("stacks of several sessions are not added up", "choose stacks of one file");
    }
    const bool compares = !flags.inventory.empty() || !flags.features.empty();
    if (compares && flags.format.needs_stacks()) {
        return usage_error("--inventory and --features are shown in a table or as JSON",
                           "leave --format out, or give --format json");
    }
    if (compares && flags.format.explains()) {
        return usage_error("--explain is about functions alone", "leave it out, or --inventory and --features");
    }
    if (flags.all && flags.inventory.empty()) return usage_error("--all belongs to --inventory", "leave it out");
    if (flags.off_cpu && !flags.states.empty()) {
        return usage_error("--off-cpu and --state both choose states", "leave one of them out");
    }
    if (flags.calls && (!flags.format.needs_stacks() || flags.off_cpu || !flags.states.empty())) {
        return usage_error("--calls chooses the stacks with which functions were called",
                           "add --format flamegraph, pprof or folded, and no state");
    }
    if (!flags.output.empty()) {
        return check_destination(flags.output, flags.force ? IfExists::kReplace : IfExists::kRefuse);
    }
    if (flags.format.is_binary() && isatty(STDOUT_FILENO) != 0) {
        return usage_error("pprof is binary: it would garble this terminal", "write it to a file with -o profile.pb.gz");
    }
    return {};
}

std::string listed(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 8;
    std::string out;
    for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) out += (i == 0 ? "" : ", ") + terminal_safe(names[i]);
    return names.size() > kShown ? out + ", …" : out;
}

// "--thread 'render' --thread 'w*'"
std::string as_given(const char* option, const std::vector<std::string>& globs) {
    std::string out;
    for (const std::string& glob : globs)
        out += fmt::format("{}{} '{}'", out.empty() ? "" : " ", option, terminal_safe(glob));
    return out;
}

tl::unexpected<Error> nothing_chosen(const EmptyChoice& choice, const Stacks& stacks, const StackFilter& filter,
                                     const std::string& file) {
    const auto no_match = [&](const std::string& asked, std::string_view what) {
        return failure(fmt::format("no stack in {} matches {}", file, asked),
                       fmt::format("{}: {}", what, listed(choice.there)), ExitCode::kNoTarget);
    };
    switch (choice.option) {
        case EmptyChoice::Option::kService:
            return no_match(as_given("--service", filter.services), "it has stacks of these services");
        case EmptyChoice::Option::kOperation:
            if (choice.there.empty()) break;
            return no_match(as_given("--operation", filter.operations), "it has stacks of these operations");
        case EmptyChoice::Option::kThread:
            return no_match(as_given("--thread", filter.threads), filter.services.empty() && filter.operations.empty()
                                                                      ? "it has stacks of these threads"
                                                                      : "what else was asked for has these threads");
        case EmptyChoice::Option::kState:
            break;
    }
    if (choice.option == EmptyChoice::Option::kOperation) {
        return failure("no stack in " + file + " was taken in an operation",
                       are_calls(stacks)
                           ? "record them with operations: functions --stacks --by operation"
                           : "the services that were watched served nothing meanwhile, or --operations.costs was false",
                       ExitCode::kNoTarget);
    }
    const bool has_waits = std::any_of(stacks.samples().begin(), stacks.samples().end(),
                                       [](const StackSample& sample) { return sample.state() != STACK_RUNNING; });
    if (!has_waits) {
        return failure(file + " has no stacks of threads that wait",
                       "record them too: footfall record --stacks all -o FILE.ffs", ExitCode::kNoTarget);
    }
    const bool only_running = filter.states == std::vector{STACK_RUNNING};
    return failure("no stack in " + file + " is in a state that was asked for",
                   fmt::format("those that match are in these states: {}{}", listed(choice.there),
                               only_running ? "; --off-cpu chooses what waited" : ""),
                   ExitCode::kNoTarget);
}

// True: that is what is asked for of the session, which may have no stacks.
Result<bool> choose_functions(Snapshot& snapshot, const ReportFlags& flags, const std::string& file) {
    const std::vector<std::string>& operations = flags.filter.operations;
    if (operations.empty() || flags.format.needs_stacks() || !tells_functions_by_operation(snapshot)) return false;
    const auto there = keep_functions_of(snapshot, operations);
    if (!there) return !snapshot.has_stacks();
    return failure(fmt::format("no function in {} was called for {}", file, as_given("--operation", operations)),
                   there->empty() ? "the services that were watched served nothing meanwhile"
                                  : "functions were called for these operations: " + listed(*there),
                   ExitCode::kNoTarget);
}

Result<void> choose_stacks(Snapshot& snapshot, const ReportFlags& flags, const std::string& file) {
    const StackFilter filter = filter_of(flags);
    if (!snapshot.has_stacks()) {
        if (!flags.format.needs_stacks() && filter.chooses_all()) return {};
        if (snapshot.has_call_stacks())
            return failure(file + " has only stacks with which functions were called",
                           flags.format.needs_stacks() ? "add --calls" : "add --calls and a --format of stacks");
        return failure(
            file + " has no stacks: it was recorded with --stacks none, or is a replay, which has none yet",
            "record again with them: footfall record --stacks on-cpu -o FILE.ffs (or all: where threads wait, too)");
    }
    Stacks& stacks = *snapshot.mutable_stacks();
    if (stacks.samples().empty() && (flags.format.needs_stacks() || !filter.chooses_all())) {
        return failure(file + " has no samples: nothing ran while it was recorded", "record for longer, or under load");
    }
    if (const auto empty = find_empty_choice(stacks, filter)) return nothing_chosen(*empty, stacks, filter, file);
    keep_chosen(stacks, filter);
    return {};
}

Result<Snapshot> read_chosen(const std::string& file, const ReportFlags& flags) {
    auto snapshot = read_session_file(file);
    if (!snapshot) return snapshot;
    if (flags.calls) {
        if (!snapshot->has_call_stacks())
            return failure(file + " has no stacks with which functions were called",
                           "record them: footfall functions --stacks -o FILE.ffs, or record --functions.stacks true");
        snapshot->mutable_stacks()->Swap(snapshot->mutable_call_stacks());
    }
    const auto functions = choose_functions(*snapshot, flags, file);
    if (!functions) return tl::unexpected(functions.error());
    if (*functions) return snapshot;
    if (const auto chosen = choose_stacks(*snapshot, flags, file); !chosen) return tl::unexpected(chosen.error());
    return snapshot;
}

Result<void> write_to_file(const Snapshot& snapshot, const Snapshot* before, const ReportFormat& format,
                           const ReportFlags& flags) {
    const auto bytes = format.render(snapshot, {}, before);
    if (!bytes) return tl::unexpected(bytes.error());
    const IfExists if_exists = flags.force ? IfExists::kReplace : IfExists::kRefuse;
    return write_file_atomically(flags.output, *bytes, if_exists);
}

// All files as one session.
Result<Snapshot> read_all(const ReportFlags& flags) {
    if (flags.files.size() == 1) return read_chosen(flags.files.front(), flags);
    std::vector<Snapshot> sessions;
    bool with_stacks = false;
    for (const std::string& file : flags.files) {
        auto session = read_session_file(file);
        if (!session) return session;
        with_stacks = with_stacks || !session->stacks().samples().empty();
        sessions.push_back(*std::move(session));
    }
    if (with_stacks)
        std::fputs("footfall: stacks are not added up, and left out: report a file by itself for its stacks\n", stderr);
    Snapshot merged = merge_sessions(std::move(sessions));
    if (flags.filter.operations.empty()) return merged;
    const auto functions = choose_functions(merged, flags, "these sessions");
    if (!functions) return tl::unexpected(functions.error());
    if (!*functions)
        return failure("none of these sessions told calls of functions apart by operation",
                       "functions --by operation -o FILE.ffs does; stacks are not added up", ExitCode::kNoTarget);
    return merged;
}

Result<void> check_functions(const Snapshot& snapshot, const ReportFlags& flags, const ReportFormat& format) {
    if (!format.needs_functions() || !snapshot.function_files().empty()) return {};
    return failure("no functions were counted in " + listed(flags.files),
                   "footfall functions -o FILE.ffs counts them; of operations, --inventory FILE tells which of a list were "
                   "never used",
                   ExitCode::kNoTarget);
}

// Of the form that is printed, with what is compared.
Result<ReportFormat> format_of(const ReportFlags& flags) {
    ReportFormat format = flags.format;
    auto compared = read_compared(flags.inventory, flags.features);
    if (!compared) return tl::unexpected(compared.error());
    compared->unlisted = flags.all;
    format.compare_with(*std::move(compared));
    if (flags.libraries) format.show_files();
    return format;
}

Result<int> report(const ReportFlags& flags) {
    if (const auto possible = check(flags); !possible) return tl::unexpected(possible.error());
    const auto format = format_of(flags);
    if (!format) return tl::unexpected(format.error());
    const auto snapshot = read_all(flags);
    if (!snapshot) return tl::unexpected(snapshot.error());
    if (const auto there = check_functions(*snapshot, flags, *format); !there) return tl::unexpected(there.error());
    std::optional<Snapshot> before;
    if (!flags.diff.empty()) {
        auto other = read_chosen(flags.diff, flags);
        if (!other) return tl::unexpected(other.error());
        before = *std::move(other);
    }
    const Snapshot* compared = before ? &*before : nullptr;
    const auto done = flags.output.empty() ? format->print(*snapshot, stdout, compared)
                                           : write_to_file(*snapshot, compared, *format, flags);
    if (!done) return tl::unexpected(done.error());
    return 0;
}

void add_filters(CLI::App& command, ReportFlags& flags) {
    command.add_option("--service", flags.filter.services, "only stacks of these services")
        ->type_name("GLOB")
        ->allow_extra_args(false);
    command
        .add_option("--operation", flags.filter.operations,
                    "only stacks of threads that served these operations ('GET /orders*'), and calls of functions for them")
        ->type_name("GLOB")
        ->allow_extra_args(false);
    command.add_option("--thread", flags.filter.threads, "only stacks of threads with such names")
        ->type_name("GLOB")
        ->allow_extra_args(false);
    command.add_option("--state", flags.states, "only stacks that were running, blocked or queued (for a CPU)")
        ->check(CLI::IsMember({"running", "blocked", "queued"}))
        ->type_name("STATE")
        ->allow_extra_args(false);
    command.add_flag("--libraries", flags.libraries, "a line for each file of functions: which are used at all");
    command.add_flag("--calls", flags.calls,
                     "the stacks with which functions were called (functions --stacks), by how many calls; not by time");
    command.add_flag("--off-cpu", flags.off_cpu, "the same as --state blocked --state queued; folded has running otherwise");
}

}  // namespace

CommandRunner set_up_report(CLI::App& command) {
    const auto flags = std::make_shared<ReportFlags>();
    command.add_option("files", flags->files, "sessions that -o has kept; several are added up")
        ->required()
        ->type_name("FILE.ffs");
    flags->format.add_to(command);
    command
        .add_option(
            "--inventory", flags->inventory,
            "what could be used, to tell what was not: an OpenAPI or Swagger file, a .proto, a protoset, a program with "
            "descriptors, a SQL schema, or a list; repeatable. What a file is can be said: openapi:, proto:, protoset:, "
            "binary:, sql:, list:FILE")
        ->type_name("FILE")
        ->allow_extra_args(false);
    command.add_flag("--all", flags->all, "with --inventory: also what was used and is not in it");
    command.add_option("--features", flags->features, "YAML: which operations and functions belong to which feature")
        ->type_name("FILE");
    command.add_option("-o,--output", flags->output, "write to a file instead of stdout")->type_name("FILE");
    command.add_flag("--force", flags->force, "replace a file that exists");
    add_filters(command, *flags);
    command.add_option("--diff", flags->diff, "an earlier session, for a flame graph of what changed since")
        ->type_name("BEFORE.ffs");
    command.footer(
        "Examples:\n"
        "  footfall report today.ffs                                        the table again\n"
        "  footfall report today.ffs --json                                 for scripts\n"
        "  footfall report monday.ffs tuesday.ffs --unused                  functions that were called on neither day\n"
        "  footfall report today.ffs --unused --inventory openapi.yaml --inventory schema.sql   which routes and tables\n"
        "  footfall report today.ffs --features features.yaml               what was used, by feature\n"
        "  footfall report today.ffs --thread 'worker*' --state running     the table, with stacks of these threads on the "
        "CPU\n"
        "  footfall report today.ffs --format flamegraph -o today.html      where time went, for a browser\n"
        "  footfall report today.ffs --format flamegraph --diff monday.ffs -o changed.html\n"
        "  footfall report today.ffs --format pprof -o today.pb.gz          then: go tool pprof -top today.pb.gz\n"
        "  footfall report today.ffs --format folded --off-cpu --service nginx | flamegraph.pl --countname us > nginx.svg");
    return [flags](const WatchedWords&) { return report(*flags); };
}

}  // namespace footfall
