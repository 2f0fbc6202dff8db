// The user half of the stacks probe: loads it with the maps that all probes share, opens the clock on every CPU, and holds
// the maps that it walks by. Gone from the kernel when it is destroyed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "agent/probes/probe_set.h"
#include "agent/probes/unwind_maps.h"
#include "bpf/contract/probe_config.h"

struct stacks_bpf;
struct bpf_link;

namespace footfall {

struct StackProbeSettings {
    ff_probe_config who{};
    std::uint32_t frequency = 99;  // samples a second and CPU
    bool waits = false;            // also where threads wait
};

class StackProbe {
public:
    // Loads without attaching. Errors as ProbeSet::load().
    static Result<StackProbe> load(const StackProbeSettings& settings, const SharedMapFds& shared);
    StackProbe(StackProbe&&) noexcept;
    StackProbe& operator=(StackProbe&&) noexcept;
    ~StackProbe();

    // In this order. The scheduler's hooks take no waits until set_waits_apart(), but follow those that take_waiting()
    // found.
    Result<void> attach_waits();
    // The stacks of all threads that wait now go into the ring; drain is called in between, before it is full.
    Result<void> take_waiting(const std::function<void()>& drain);
    Result<void> attach_clock();
    // Ends all waits that go on; drain as in take_waiting(). Once, behind detach().
    Result<void> end_waits(const std::function<void()>& drain);
    void detach();

    // "cpu-cycles" where the processor counts them, else "cpu-clock".
    [[nodiscard]] std::string_view clock() const { return clock_; }
    [[nodiscard]] std::uint64_t period_nanoseconds() const { return kNanosecondsPerSecond / settings_.frequency; }
    [[nodiscard]] UnwindMaps& maps() { return *maps_; }
    [[nodiscard]] WalkMapFds walk_maps() const;
    [[nodiscard]] std::vector<int> program_fds() const;

    // From now on, of each thread waits are taken that are so far apart on average; 0: all.
    void set_waits_apart(std::uint32_t nanoseconds);

private:
    struct Destroy {
        void operator()(stacks_bpf* skeleton) const;
    };
    struct DestroyLink {
        void operator()(bpf_link* link) const;
    };
    using Link = std::unique_ptr<bpf_link, DestroyLink>;

    StackProbe() = default;
    void size_maps();
    Result<void> share_maps(const SharedMapFds& shared);

    StackProbeSettings settings_;
    std::string_view clock_ = "cpu-clock";
    std::unique_ptr<stacks_bpf, Destroy> skeleton_;
    std::unique_ptr<UnwindMaps> maps_;
    std::vector<Link> clocks_;  // by CPU
};

}  // namespace footfall
