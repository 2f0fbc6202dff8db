// Which functions of the watched processes' files are picked, and the files that count them: each file once, however many
// processes map it.
//
// A process is looked at when the session begins with it, and again after each of its executions; a library that it loads
// later gets its probes when the kernel has told of that, a few milliseconds after. What it called before is not counted,
// and how long that was is told with the file. Files that are named by their path are looked at at once, whoever maps them,
// so that nothing of them is missed. A file that is unloaded keeps its probes and counts: it may come back.
// Errors are the kernel's; what a file lacks is told by fill(). Thread: one, always the same (symbolizer_client.h).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/base/result.h"
#include "agent/probes/caller_names.h"
#include "agent/probes/function_budget.h"
#include "agent/probes/function_coverage.h"
#include "agent/probes/function_options.h"
#include "agent/probes/function_probe_loader.h"
#include "agent/probes/function_report.h"
#include "agent/probes/mapped_files.h"
#include "agent/probes/probe_set.h"
#include "agent/probes/watched_file.h"
#include "agent/stacks/code_history.h"
#include "agent/stacks/executable_maps.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

class Snapshot;

class FunctionWatch {
public:
    // Maps are borrowed. processes: those that are watched, if that is all for now; coverage probes functions in these
    // alone, where the kernel can do that, and in those that are met later.
    FunctionWatch(FunctionOptions options, const ff_probe_config& who, const SharedMapFds& shared,
                  std::vector<Pid> processes = {})
        : options_(std::move(options)), probes_(options_, who, shared), processes_(std::move(processes)) {}

    // Picks from what the process maps now. begun: when it executed, if that is known; else it has run for long.
    Result<void> look(Pid pid, MonotonicTime begun = {});
    // The same for what a watched process did.
    Result<void> on(const CodeRecord& record);
    void on_forked(Pid parent, Pid child);
    void on_exited(Pid pid);
    // Picks from a program that is going to run, and from the files that are named by their path.
    Result<void> look_at_program(const std::string& path);
    Result<void> look_at_paths();
    // What programs of this host usually load, for those that will execute: their first calls come before they could be
    // looked at.
    Result<void> look_at_libraries();
    // What takes longest of attaching to a library that is loaded later is done ahead, where a pattern names one: starting
    // the symbolizer's worker, and loading a probe.
    void prepare();
    // Does a pattern mean a library of that path?
    [[nodiscard]] bool means_library(const std::string& path) const { return query_for(options_, path, false).has_value(); }
    // What is to be done now and then: coverage, the budget, callers. To be called every few milliseconds.
    Result<void> advance(MonotonicTime now);
    void detach(MonotonicTime now);

    // From now on, of the calls of each function stacks are taken so far apart on average, but no closer than a millisecond.
    void set_stacks_apart(std::uint32_t nanoseconds);
    // Empty, if there is no such function.
    [[nodiscard]] std::string_view name_of(CalledFunction called) const;
    // How often the functions of a probe were called, by their number; none: there is no such probe, or not all are counted.
    [[nodiscard]] Result<std::vector<std::uint64_t>> calls_of(std::uint32_t probe) const;

    // Whether any function is picked; if not, the names that are most like what was asked for.
    [[nodiscard]] bool found_any() const;
    [[nodiscard]] std::vector<std::string> nearest() const;
    // Globs of files in patterns that no mapped file was met for, and those of the mapped files that are most like one.
    [[nodiscard]] std::vector<std::string> files_not_met() const;
    [[nodiscard]] std::vector<std::string> nearest_files(const std::string& glob) const;
    // Files that a pattern means and nothing is known of, and why.
    [[nodiscard]] std::vector<std::string> not_read() const;
    // Files that functions were to be picked from by their source files, which are not known; and why.
    [[nodiscard]] std::vector<std::string> without_sources() const;

    // Adds the files, in the order that they were met, to a snapshot that knows already what was lost.
    // operations: where calls are told apart by them.
    Result<void> fill(Snapshot& snapshot, const ClockOffset& clock, MonotonicTime now,
                      const FunctionOperations& operations) const;

private:
    static constexpr std::uint32_t kLeastApart = 1'000'000;

    // Of a file and a process.
    struct Meeting {
        MonotonicTime mapped;  // if that was seen
        bool is_program = false;
        bool unwound = false;  // the process has what throws
    };
    // Where and when a file was met.
    struct Place {
        std::string path;  // below root
        std::string root;  // of the process's file system
        MonotonicTime mapped;
    };

    void on_begun(Pid pid);
    Result<void> on_mapped(const CodeMapped& mapped);
    Result<void> look_at_file(const std::string& path, bool is_program);
    Result<void> meet(Pid pid, const ExecutableMapping& mapping, Meeting meeting);
    Result<void> examine(const FileId& id, const Fd& opened, const Place& place, const FunctionQuery& query);
    [[nodiscard]] std::vector<Pid> probed_processes();
    [[nodiscard]] bool is_met(const std::string& glob) const;
    Result<void> remember_callers(MonotonicTime now);
    Result<void> follow_processes();

    FunctionOptions options_;
    FunctionProbeLoader probes_;
    std::vector<Pid> processes_;
    bool probes_some_ = false;                  // processes, of those that map a file
    std::uint32_t stacks_apart_ = kLeastApart;  // nanoseconds
    SymbolizerClient symbolizer_;
    FunctionCoverage coverage_;
    FunctionBudget budget_{options_.budget};
    mutable CallerNames callers_{symbolizer_};  // looks names up once they are asked for
    std::set<Pid> remembered_;                  // whose maps callers_ has looked at since they called
    MonotonicTime last_callers_;
    std::set<std::string> mapped_names_;  // of files
    std::set<Pid> begun_;                 // that have executed, and mapped nothing since
    // Since the last look, in order: a parent and its child, or one that has exited and nobody.
    std::vector<std::pair<Pid, std::optional<Pid>>> came_and_went_;
    std::map<FileId, std::size_t> known_;
    std::vector<WatchedFile> files_;
};

}  // namespace footfall
