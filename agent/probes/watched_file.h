// One file that functions are picked from: which they are, the probes that count their calls, and since when they do.
//
// Durations need a probe of the return, which the kernel puts in place of the address to return to. An exception that is
// thrown through such a call finds no way on, and ends the program. So where there is what throws, in the file or in the
// process that it is found in, and in programs of Go, whose stacks move, calls are timed at the places where functions are
// left. Those functions whose places are not all known are only counted.
//
// USDT probes are picked and counted in the same way, each at all of its sites. Where a program asks whether anybody watches
// one, its semaphore is counted up by the kernel, for as long as the probe is attached: the one thing that footfall lets it
// write into a program. They are few, and counted exactly under coverage, too.
//
// Functions and USDT probes go by their numbers in listed(). Errors are the kernel's. Owns its probes, which are gone with
// it. Thread: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/base/result.h"
#include "agent/pipeline/stages.h"
#include "agent/probes/function_options.h"
#include "agent/probes/function_probe.h"
#include "agent/probes/function_probe_loader.h"
#include "agent/probes/listed_file.h"
#include "agent/probes/probed_processes.h"

namespace footfall {

class WatchedFile {
public:
    // mapped: for the first time, if that was seen, and before its probes were there.
    WatchedFile(ListedFile listed, MonotonicTime mapped);

    // opened: the file that was listed; stays the caller's. processes: in these alone; none: in all that map it.
    Result<void> attach(const Fd& opened, FunctionProbeLoader& loader, const FunctionOptions& options,
                        std::vector<Pid> processes);
    void detach(MonotonicTime now);
    // A watched process maps it.
    Result<void> on_mapped(Pid pid, bool as_program);
    // A process has this child, which runs the same program, unless it has ended by now.
    Result<void> on_forked(Pid parent, Pid child, bool is_alive);
    void on_exited(Pid pid);

    // As FunctionProbe::set_stacks_apart().
    void set_stacks_apart(std::uint32_t nanoseconds);
    // Of its functions or its USDT probes, by the number of their probe; empty: it has no such.
    [[nodiscard]] std::string_view name_of(CalledFunction called) const;
    // The same for how often they were called.
    [[nodiscard]] Result<std::vector<std::uint64_t>> calls_of(std::uint32_t probe) const;

    // Are functions attached? What follows is only for these, and where options.takes_off().
    [[nodiscard]] bool counts_functions() const { return functions_ && !until_.seen(); }
    // Takes off some of those that were called since they were put on, and those that are crowded; how many.
    Result<std::size_t> take_off_called();
    // Puts all of them on again.
    Result<void> put_on();
    // What counting each function is expected to have cost since this was asked last, but for hot ones.
    struct Cost {
        std::size_t function = 0;
        double nanoseconds = 0;
    };
    Result<std::vector<Cost>> costs();
    // Functions that cost too much are taken off for good, once all of them are marked.
    void mark_hot(std::size_t function) { hot_[function] = true; }
    Result<void> take_off_hot();

    [[nodiscard]] const ListedFile& listed() const { return listed_; }
    [[nodiscard]] bool is_hot(std::size_t function) const { return hot_[function]; }
    // Under coverage: processes that are not watched call it so often that its probe is there now and then only.
    [[nodiscard]] bool is_crowded(std::size_t function) const { return function < crowded_.size() && crowded_[function]; }
    // "program", which was executed, or "library"; empty where no watched process maps it.
    [[nodiscard]] std::string_view mapped_as() const;
    // Nothing where there is nothing to attach to.
    [[nodiscard]] const std::optional<FunctionProbe>& functions() const { return functions_; }
    [[nodiscard]] const std::optional<FunctionProbe>& usdt() const { return usdt_; }
    // When its probes were attached; not seen where they were not.
    [[nodiscard]] MonotonicTime since() const { return since_; }
    [[nodiscard]] std::uint64_t watched_nanoseconds(MonotonicTime now) const;
    // Nothing where its first mapping was not seen.
    [[nodiscard]] std::optional<std::uint64_t> late_nanoseconds() const;

private:
    Result<void> attach_functions(const Fd& opened, FunctionProbeLoader& loader, const FunctionOptions& options);
    Result<void> probe_in(Pid pid);
    Result<void> heed_headless();
    Result<std::vector<bool>> crowded_now();
    Result<void> attach_usdt(const Fd& opened, FunctionProbeLoader& loader, CallsBy by);

    ListedFile listed_;
    std::optional<FunctionProbe> functions_;
    std::optional<FunctionProbe> usdt_;
    MonotonicTime mapped_;
    bool is_mapped_ = false;
    bool is_program_ = false;
    MonotonicTime since_;
    MonotonicTime until_;                          // seen(): it is detached
    Fd opened_;                                    // to attach to again
    std::vector<std::uint64_t> calls_before_;      // at the last look at what they cost
    std::vector<bool> hot_;                        // taken off for what they cost
    std::vector<bool> crowded_;                    // ever
    std::vector<std::uint64_t> strangers_before_;  // calls of theirs, when all were put on
    bool counts_strangers_ = false;
    ProbedProcesses probed_;
};

}  // namespace footfall
