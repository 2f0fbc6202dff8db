// The user half of the functions probe: loads it for so many functions, attaches it to their files, and reads what it has
// counted. Gone from the kernel when it is destroyed, or when footfall dies.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/fd.h"
#include "agent/base/ids.h"
#include "agent/base/result.h"
#include "agent/config/calls_by.h"
#include "agent/kernel/uprobe_multi.h"
#include "agent/probes/probe_set.h"
#include "agent/usage/exponential_histogram.h"
#include "bpf/contract/probe_config.h"
#include "symbolizer/functions/code_functions.h"

struct functions_bpf;
struct bpf_link;
struct bpf_program;

namespace footfall {

struct FunctionDurations {
    ExponentialHistogram histogram;  // to an eighth of a power of two
    std::uint64_t sum_nanoseconds = 0;
    std::uint64_t max_nanoseconds = 0;
    std::uint64_t left = 0;       // Timing::kByExits: calls that were seen to be left without returning
    std::uint64_t unmatched = 0;  // and ends of calls whose beginning is not known
};

// Calls of one function by one of what they are told apart by.
struct FunctionPart {
    std::uint32_t function = 0;
    Pid pid{};
    std::uint64_t who = 0;  // function_probe.h of the contract
    std::uint64_t calls = 0;
    std::string comm;  // of the process's thread that called first
    // By caller: where in which file the call returns to. device 0: in none.
    std::uint64_t device = 0;  // executable_maps.h
    std::uint64_t inode = 0;
    std::uint64_t offset = 0;
    std::string text;  // its name, or the string that was the argument; maybe cut
};

// How calls, and their ends where those are wanted, are seen.
enum class FunctionHook {
    kCount,    // entries alone
    kSession,  // one program for both ends (kernel >= 6.13)
    kPair,     // one for each
    kEdges,    // one for all places where calls begin or end
};

// A place in a function's code where its calls begin, or end if a condition holds, or both, and where the address to return
// to lies there.
struct FunctionEdge {
    std::uint64_t file_offset = 0;
    std::uint32_t function = 0;
    bool begins = false;
    bool ends = false;
    bool timed = true;  // false: it is not known where its calls end
    ReturnPlace place;
    std::uint8_t condition = kAlways;
    Goroutine goroutine = Goroutine::kNone;
};

// As FunctionProbe::attach() takes it, where that is loaded with Timing::kByExits.
UprobePlace place_of(const FunctionEdge& edge);

// Those of functions by their number, each place once, the ends first: an end whose beginning was not seen means nothing.
std::vector<UprobePlace> edges_of(std::span<const CodeFunction> functions);

class FunctionProbe {
public:
    // Where the kernel attaches probes one by one (before 6.6), removing one takes 0.1 s: so many at most.
    static constexpr std::size_t kMostSingle = 50;

    // What else there is to a probe.
    struct Extra {
        std::uint32_t number = 0;       // among those of the session
        bool counts_strangers = false;  // calls by processes that are not watched, too
        bool takes_stacks = false;      // shared.walk is there
        // By argument of USDT probes: where it lies at each site, whose number is in the upper half of its place's cookie.
        std::vector<std::optional<UsdtArgument>> usdt_arguments;
    };

    // Loads without attaching. functions: how many will be attached,
    // numbered from 0 on; timing: how their durations are taken, if they are. By caller, functions must be attached where
    // they begin, before they move the stack, but for edges; by argument, where that is still in its register. Errors as
    // ProbeSet::load().
    static Result<FunctionProbe> load(const ff_probe_config& who, const SharedMapFds& shared, std::uint32_t functions,
                                      Timing timing, const CallsBy& by, Extra extra);
    FunctionProbe(FunctionProbe&&) noexcept;
    FunctionProbe& operator=(FunctionProbe&&) noexcept;
    ~FunctionProbe();

    // All or nothing; each place's cookie is the function's number, which several places may have, or that of an edge.
    // Functions that are timed by their return are attached where they begin, before they move the stack. In batches, where
    // functions are going to be taken off: then few others are attached anew with each, but to detach them all takes some
    // 10 ms for each batch. In these processes alone (process_filter.h), or in all that map the file if there are none.
    Result<void> attach(int file, std::span<const UprobePlace> places, bool in_batches = false,
                        std::vector<Pid> processes = {});
    // Are its functions probed in that process, if any are? Only where they are not in all.
    [[nodiscard]] bool is_attached_in(Pid process) const;
    // From now on in all that map the file; what was taken off stays off.
    Result<void> attach_everywhere(int file);
    // In the same processes as before, since the kernel means another thread by one of them now.
    Result<void> attach_again(int file);
    // In one more process, which takes a few milliseconds.
    Result<void> attach_in(int file, Pid process);
    // It has ended: its pid may be another's.
    void forget(Pid process) { std::erase(processes_, process); }
    // Takes the probes of functions off, for good. Calls of others are counted on; but one that comes in the very moment
    // that a batch of functions changes may be missed.
    Result<void> take_off(int file, const std::vector<bool>& functions);
    // The same of those that have counted something since they were put on, by what calls() says now, and of others; of a
    // few batches at a time, since the kernel waits for all processors at each. How many were taken off.
    Result<std::size_t> take_off_called(int file, std::span<const std::uint64_t> calls, const std::vector<bool>& others);
    // Puts those all on again.
    Result<void> put_on(int file, std::span<const std::uint64_t> calls);
    void detach();

    // From now on, stacks of the calls of a function on a processor are taken so far apart on average.
    void set_stacks_apart(std::uint32_t nanoseconds);

    [[nodiscard]] std::size_t attached() const;  // functions
    [[nodiscard]] std::uint32_t number() const { return extra_.number; }

    // Since it was attached, by the functions' numbers.
    [[nodiscard]] Result<std::vector<std::uint64_t>> calls() const;
    [[nodiscard]] Result<std::vector<std::uint64_t>> strangers() const;
    [[nodiscard]] Result<std::vector<FunctionPart>> parts() const;
    [[nodiscard]] Result<FunctionDurations> durations(std::uint32_t function) const;
    [[nodiscard]] std::vector<int> program_fds() const;

private:
    struct Destroy {
        void operator()(functions_bpf* skeleton) const;
    };
    struct DestroyLink {
        void operator()(bpf_link* link) const;
    };
    // Functions whose numbers follow each other, which are attached and taken off together.
    struct Batch {
        std::uint32_t first = 0;  // of its numbers, FF_FUNCTION_BATCH at a time
        std::uint32_t count = 1;
        std::uint32_t generation = 0;       // of its links: 0 or 1
        std::vector<Fd> links;              // by program and process; none: no function is attached
        std::vector<UprobePlace> places;    // all of them
        std::vector<UprobePlace> attached;  // now
    };
    struct Single {
        std::uint32_t function = 0;
        std::unique_ptr<bpf_link, DestroyLink> link;
    };
    // A program and which end of the calls it sees, in the order of attaching.
    struct Part {
        bpf_program* program = nullptr;
        UprobeEnd end{};
    };

    FunctionProbe() = default;
    Result<void> open(const ff_probe_config& who, const SharedMapFds& shared, FunctionHook hook);
    [[nodiscard]] std::vector<Part> programs() const;
    [[nodiscard]] static std::vector<Batch> batches_of(std::span<const UprobePlace> places);
    // False: the kernel can't attach many places at once.
    Result<bool> attach_batch(Batch& batch, int file, std::span<const UprobePlace> places);
    // Of all programs, for these processes (Pid 0: all); nothing where the kernel can't.
    [[nodiscard]] Result<std::optional<std::vector<Fd>>> links_for(int file, std::span<const UprobePlace> places,
                                                                   std::uint32_t generation,
                                                                   const std::vector<Pid>& processes) const;
    Result<void> attach_singles(int file, std::span<const UprobePlace> places);
    Result<void> attach_single(const Part& part, int file, const UprobePlace& place);

    int share_walk_maps(const WalkMapFds& walk);
    Result<void> fill_usdt_arguments();
    [[nodiscard]] Result<std::vector<std::uint64_t>> sums_of(int map) const;

    Extra extra_;
    std::uint32_t functions_ = 0;
    FunctionHook hook_ = FunctionHook::kCount;
    CallsBy by_;
    std::unique_ptr<functions_bpf, Destroy> skeleton_;
    std::vector<Batch> batches_;
    bool everywhere_ = true;  // or in these processes alone:
    std::vector<Pid> processes_;
    std::size_t next_batch_ = 0;                // to be looked at
    std::vector<std::uint64_t> when_attached_;  // by function: its count when it was put on
    std::vector<Single> singles_;               // where the kernel knows no batches
};

}  // namespace footfall
