// From StackTaken and WaitEnded to samples in the profile.
//
// The kernel side walks user stacks by the tables that it was given. Where it lacks one, or does not know (any more) what is
// mapped where in a process, the event carries a copy of the stack: it is walked here, by the same steps, as soon as the
// table is there; and the kernel side gets the table, so that the next one is walked there. So the first sample of a program
// is as complete as any other.
//
// A stack that leads to a wait is kept until the wait is over, or the session is. Where stacks have operations, each is kept
// until somebody says which one it was taken in (CostAttribution).
// Thread: the one that owns the pipeline's state. What is kept is bounded; what finds no room is counted, and its sample
// keeps the frames that the kernel side had found.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "agent/base/clock.h"
#include "agent/interpreters/interpreters.h"
#include "agent/stacks/kernel_tables.h"
#include "agent/stacks/modules.h"
#include "agent/stacks/process_code.h"
#include "agent/stacks/sample.h"
#include "agent/stacks/stack_profile.h"
#include "agent/stacks/wait_spacing.h"
#include "symbolizer/unwind/native_unwinder.h"

namespace footfall {

struct CollectorOptions {
    bool with_operations = false;
    std::uint64_t shortest_wait_nanoseconds = 0;  // shorter ones are not kept
    std::size_t most_modules = 4096;
    std::size_t most_processes = 4096;
    std::size_t most_waits = 65536;
    std::uint32_t most_waits_a_second = 2000;  // see waits_apart()
    std::uint32_t most_calls_a_second = 2000;
    std::size_t most_copied_bytes = std::size_t{16} << 20;
    std::uint64_t patience_nanoseconds = 10 * kNanosecondsPerSecond;  // with a table that does not come
    LoaderOptions loader;
};

class StackCollector {
public:
    using ServiceOf = std::function<ServiceId(Pid)>;
    using SampleId = std::uint64_t;

    // tables may be null: then nobody is told, and every copy is walked here. It outlives the collector.
    StackCollector(CollectorOptions options, KernelTables* tables, ServiceOf service_of);

    // With operations: the sample that wants one. None: it is not kept.
    std::optional<SampleId> on(const StackTaken& taken);
    void set_operation(SampleId id, std::optional<OperationId> operation);
    void on(const WaitEnded& ended);
    // Told of what processes do, and of the code that they map.
    [[nodiscard]] ProcessCodes& processes() { return processes_; }

    // Takes in tables that have come meanwhile, and gives up what has waited too long.
    void advance(MonotonicTime now);
    // Waits that are known by then count from now on only.
    void session_begin(MonotonicTime now);
    // What still waits is a sample up to now.
    void session_end(MonotonicTime now);
    // All waits have ended, so that those that seem to go on are such whose end was lost.
    void drop_open_waits();
    // The samples that waits which go on would be, if they ended now.
    [[nodiscard]] std::vector<Sample> open_waits(MonotonicTime now) const;

    [[nodiscard]] const StackProfile& profile() const { return profile_; }
    [[nodiscard]] StackProfile& profile() { return profile_; }
    // Of the stacks with which functions were called.
    [[nodiscard]] const StackProfile& calls() const { return calls_; }
    void clear_profiles() {
        profile_.clear();
        calls_.clear();
    }
    [[nodiscard]] const CodeModules& modules() const { return modules_; }
    // Which the script frames of samples name.
    [[nodiscard]] const ScriptFunctions& script_functions() const { return interpreters_.functions(); }
    // How far apart the waits of a thread are to be taken, in nanoseconds. To be asked whenever the ring has been read.
    [[nodiscard]] std::uint32_t waits_apart(MonotonicTime now) { return wait_spacing_.adjust(now); }
    // The same for the stacks of calls.
    [[nodiscard]] std::uint32_t calls_apart(MonotonicTime now) { return call_spacing_.adjust(now); }
    // Waits that were not kept, because too many go on.
    [[nodiscard]] std::uint64_t waits_without_room() const { return waits_without_room_; }
    // Waits whose end was lost.
    [[nodiscard]] std::uint64_t waits_without_end() const { return waits_without_end_; }
    // Copies of stacks that were not kept, because too many wait for tables.
    [[nodiscard]] std::uint64_t copies_without_room() const { return copies_without_room_; }
    // Tables are being looked for, and stacks wait for them.
    [[nodiscard]] bool busy() const { return !copies_.empty(); }
    // Files are looked at, which some process maps.
    [[nodiscard]] bool looks_at_files() const { return modules_.loading(); }

private:
    // A sample in the making: done when its stack is walked, it is known in which operation it was taken, and, if it leads
    // to a wait, that is over.
    struct Open {
        Sample sample;
        ScriptStack script;  // to be put among the user's frames
        bool walked = true;
        bool attributed = true;
        bool ended = true;
        double waits = 1;
        std::uint64_t wait = 0;
        MonotonicTime begin;
        std::uint64_t before_session = 0;  // nanoseconds of the wait
        std::uint64_t blocked_nanoseconds = 0;
        std::uint64_t queued_nanoseconds = 0;
    };
    using OpenId = SampleId;

    struct Copy {
        OpenId sample = 0;
        Pid pid{};
        std::shared_ptr<ProcessCode> process;  // as it was then: its pid may mean other code by now
        MonotonicTime time;
        StackRegisters registers;
        std::vector<std::byte> bytes;
        std::uint64_t address = 0;  // of the first
        std::size_t charged = 0;    // bytes; the first copy of a process's mappings counts these, too
    };

    class Rows;

    bool keep_wait(Tid tid, OpenId id);
    void set_walked(Open& open);
    void place_described();
    bool walk(const Copy& copy, Open& open, MonotonicTime now);
    bool keep_copy(OpenId id, const StackTaken& taken);
    void ask_for_what_lacks(const StackTaken& taken);
    void charge(Copy& copy);
    void discharge(const Copy& copy);
    void retry_copies(MonotonicTime now);
    void publish(ModuleNumber number, MonotonicTime now);
    void make_room_in_kernel(MonotonicTime now);
    void give_up_modules(MonotonicTime now);
    static void end_now(Open& open, MonotonicTime now);
    void settle(OpenId id);
    void add(const Open& open);
    void note_seen(const Sample& sample, MonotonicTime time);

    CollectorOptions options_;
    KernelTables* tables_;
    ServiceOf service_of_;
    ModuleLoader loader_;
    CodeModules modules_;
    ProcessCodes processes_;
    Interpreters interpreters_;
    StackProfile profile_;
    StackProfile calls_;
    std::unordered_map<OpenId, Open> open_;
    std::unordered_map<Tid, OpenId> waiting_;  // off the CPU
    std::deque<Copy> copies_;
    std::size_t copied_bytes_ = 0;
    OpenId next_open_ = 0;
    WaitSpacing wait_spacing_{options_.most_waits_a_second};
    WaitSpacing call_spacing_{options_.most_calls_a_second};
    std::uint64_t waits_without_room_ = 0;
    std::uint64_t waits_without_end_ = 0;
    std::uint64_t copies_without_room_ = 0;
    bool retry_wanted_ = false;  // something has come that copies may wait for
    MonotonicTime retried_;
    MonotonicTime made_room_;  // in the kernel, last
    MonotonicTime gave_up_;    // modules, last
};

}  // namespace footfall
