// The CPU time of services: what all threads of their processes have run while footfall watched them. Operations have their
// share of it (usage/cost_attribution.h); the rest belongs to none.
//
// A process counts from when it is first met, to the service that it is then; one that was forked meanwhile from its start,
// to its parent's service until it turns out to be another's. Bounded: past the limit, further processes are not counted.
// Thread: the one that owns the pipeline's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"

namespace footfall {

// In nanoseconds, since it began; nothing if it is gone.
[[nodiscard]] std::optional<std::uint64_t> cpu_of_process(Pid pid);

class ServiceCpu {
public:
    using CpuOf = std::function<std::optional<std::uint64_t>(Pid)>;

    // Without a way to ask, as in a replay, nothing is known of any service.
    explicit ServiceCpu(CpuOf cpu_of, std::size_t limit = 65536) : cpu_of_(std::move(cpu_of)), limit_(limit) {}

    void on_met(Pid pid, ServiceId service);
    void on_forked(const ProcessForked& forked);
    // What it runs from now on is the next service's that it is met as. unwatched: nobody's.
    void on_executed(Pid pid, bool watched);
    void on_exited(const ProcessExited& exited);

    // Up to now, in nanoseconds, by service; never less than before.
    [[nodiscard]] std::unordered_map<ServiceId, std::uint64_t> sums() const;

private:
    struct Process {
        std::optional<ServiceId> service;
        std::uint64_t counted = 0;         // of its CPU time, elsewhere
        mutable std::uint64_t latest = 0;  // its CPU time when it was last asked: it may be gone before its exit is heard of
    };

    void fold(const Process& process, std::uint64_t cpu);

    CpuOf cpu_of_;
    std::size_t limit_;
    std::unordered_map<Pid, Process> processes_;
    std::unordered_map<ServiceId, std::uint64_t> ended_;
};

}  // namespace footfall
