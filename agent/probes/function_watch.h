// Which functions of the watched processes' files are picked, and the probes that count them: each file once, however many
// processes map it.
//
// Durations need a probe of the return, which the kernel puts in place of the address to return to. An exception that is
// thrown through such a call finds no way on, and ends the program. So where there is what throws, in the file or in the
// process that it is found in, and in programs of Go, whose stacks move, calls are timed at the places where functions are
// left. Those functions whose places are not all known are only counted.
//
// Coverage: each function has its probe until it was called, and is asked again every few minutes. So a function that is
// called a million times a second costs a few of those calls, and "never" is as sure as where all calls are counted.
//
// A budget: calls are counted at what each is expected to take, and functions that make it too much lose their probes, the
// most costly ones first. They are hot: so many calls, at least.
//
// USDT probes are picked and counted in the same way, each at all of its sites. Where a program asks whether anybody watches
// one, its semaphore is counted up by the kernel, for as long as the probe is attached: the one thing that footfall lets it
// write into a program. They are few, and counted exactly under coverage, too.
//
// A process is looked at when the session begins with it, and again after each of its executions; a library that it loads
// later gets its probes when the kernel has told of that, a few milliseconds after. What it called before is not counted,
// and how long that was is told with the file. Files that are named by their path are looked at at once, whoever maps them,
// so that nothing of them is missed. A file that is unloaded keeps its probes and counts: it may come back.
// Thread: one, always the same (symbolizer_client.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/base/result.h"
#include "agent/config/function_pattern.h"
#include "agent/probes/caller_names.h"
#include "agent/probes/function_probe.h"
#include "agent/probes/mapped_files.h"
#include "agent/probes/probe_set.h"
#include "agent/stacks/code_history.h"
#include "agent/stacks/executable_maps.h"
#include "symbolizer/worker/symbolizer_client.h"

namespace footfall {

class Snapshot;
class FunctionFile;

struct FunctionOptions {
    std::vector<FunctionPattern> patterns;
    bool timed = false;
    bool coverage = false;                 // calls are counted until it is known that there are some
    double budget = 0;                     // of one processor, that counting may take; 0: no limit. Not for coverage
    bool attach = true;                    // false: only looks which there are
    FunctionBy by = FunctionBy::kNothing;  // calls are told apart by that, too; not under coverage
    std::size_t most = 1U << 16;           // functions of a file
};

class FunctionWatch {
public:
    FunctionWatch(FunctionOptions options, const ff_probe_config& who, const SharedMapFds& shared)
        : options_(std::move(options)), who_(who), shared_(shared) {}

    // Picks from what the process maps now. An error is one of the kernel's; what a file lacks is told by fill(). begun:
    // when it executed, if that is known; else it has run for long.
    Result<void> look(Pid pid, MonotonicTime begun = {});
    // The same for what a watched process did.
    Result<void> on(const CodeRecord& record);
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
    [[nodiscard]] bool means_library(const std::string& path) const { return query_for(path, false).has_value(); }
    // Coverage: takes off what has been seen, and now and then puts all on again, so that it is known when each was last
    // used. With a budget: takes off what costs most until the rest fits. To be called every few milliseconds.
    Result<void> advance(MonotonicTime now);
    void detach(MonotonicTime now);

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
    Result<void> fill(Snapshot& snapshot, const ClockOffset& clock, MonotonicTime now) const;

private:
    struct File {
        std::string path;
        std::string build_id;
        FunctionAnswer found;
        Miss miss = Miss::kNone;
        Miss no_sources = Miss::kNone;
        std::optional<FunctionProbe> probe;
        std::optional<FunctionProbe> usdt;
        MonotonicTime mapped;     // for the first time, if that was seen, and before its probes were there
        bool is_mapped = false;   // by a watched process
        bool is_program = false;  // which was executed
        MonotonicTime since;
        MonotonicTime until;                      // seen(): it is detached
        Fd opened;                                // to attach to again
        std::vector<std::uint64_t> calls_before;  // at the last look at what they cost
        std::vector<bool> hot;                    // taken off for what they cost
    };

    Result<void> look_at_file(const std::string& path, bool is_program);
    // Where and when a file was met.
    struct Place {
        std::string path;      // below root
        std::string root;      // of the process's file system
        MonotonicTime mapped;  // if that was seen
    };
    // Of a file and a process.
    struct Meeting {
        MonotonicTime mapped;
        bool is_program = false;
    };
    Result<void> meet(Pid pid, const ExecutableMapping& mapping, Meeting meeting, bool unwound);
    Result<void> examine(const FileId& id, const Fd& file, const Place& place, FunctionQuery query, bool unwound);
    void list(File& file, const Fd& opened, const Place& place, const FunctionQuery& query);
    Result<void> attach(File& file, const Fd& opened);
    struct How {
        Timing timing = Timing::kNone;
        bool in_batches = false;
        FunctionBy by = FunctionBy::kNothing;
    };
    // Probes are taken off while calls are counted.
    [[nodiscard]] bool changes() const { return options_.coverage || options_.budget > 0; }
    static double nanoseconds_of(const File& file, std::size_t function);
    [[nodiscard]] Result<FunctionProbe> attached(const Fd& opened, std::span<const UprobePlace> places, std::size_t numbers,
                                                 How how);
    [[nodiscard]] Result<FunctionProbe> loaded(std::size_t numbers, How how);
    [[nodiscard]] std::size_t spare_functions() const;
    [[nodiscard]] Timing spare_timing() const;
    Result<void> remember_callers(MonotonicTime now);
    Result<void> cover(MonotonicTime now);
    Result<void> keep_to_budget(MonotonicTime now);
    // Nothing where no pattern means the file.
    [[nodiscard]] std::optional<FunctionQuery> query_for(const std::string& path, bool is_program) const;
    Result<void> fill_file(FunctionFile& out, const File& file) const;
    Result<void> fill_parts(FunctionFile& out, const std::optional<FunctionProbe>& probe, std::size_t first) const;
    std::string name_of(const FunctionPart& part) const;
    Result<void> fill_functions(FunctionFile& out, const File& file) const;
    static Result<void> fill_probes(FunctionFile& out, const File& file);

    FunctionOptions options_;
    ff_probe_config who_;
    SharedMapFds shared_;
    SymbolizerClient symbolizer_;
    mutable CallerNames callers_{symbolizer_};  // looks names up once they are asked for
    std::set<Pid> remembered_;                  // whose maps callers_ has looked at since they called
    MonotonicTime last_callers_;
    std::optional<FunctionProbe> spare_;  // loaded, and attached to nothing
    bool no_spare_ = false;               // it can't be loaded
    std::set<std::string> mapped_names_;  // of files
    std::set<Pid> begun_;                 // that have executed, and mapped nothing since
    std::map<FileId, std::size_t> known_;
    std::vector<File> files_;
    MonotonicTime last_look_;
    std::uint64_t look_interval_ = 0;  // nanoseconds
    MonotonicTime last_put_on_;
    MonotonicTime last_cost_look_;
};

}  // namespace footfall
