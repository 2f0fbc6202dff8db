#include "agent/probes/stack_probe.h"

#include <bpf/libbpf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "agent/kernel/libbpf_log.h"
#include "agent/probes/attach.h"
#include "bpf/contract/stack_maps.h"

// After the contract: the skeleton names its types.
#include "stacks.skel.h"

namespace footfall {
namespace {

constexpr const char* kWaiting = "cannot look at waiting threads";

// Samples at uneven distances need a clock that ticks more often. Many samples have no such need, and would cost too much.
std::uint32_t ticks_per_sample(std::uint32_t frequency) {
    constexpr std::uint32_t kMostTicks = 1000;  // a second
    constexpr std::uint32_t kTicks = 4;
    return frequency * kTicks <= kMostTicks ? kTicks : 1;
}

int open_clock(std::uint32_t type, std::uint64_t config, std::uint32_t frequency, int cpu) {
    perf_event_attr attributes{};
    attributes.size = sizeof attributes;
    attributes.type = type;
    attributes.config = config;
    attributes.freq = 1;
    attributes.sample_freq = frequency;
    attributes.exclude_idle = 1;
    return static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

}  // namespace

void StackProbe::Destroy::operator()(stacks_bpf* skeleton) const { stacks_bpf__destroy(skeleton); }
void StackProbe::DestroyLink::operator()(bpf_link* link) const { bpf_link__destroy(link); }

StackProbe::StackProbe(StackProbe&&) noexcept = default;
StackProbe& StackProbe::operator=(StackProbe&&) noexcept = default;
StackProbe::~StackProbe() = default;

Result<StackProbe> StackProbe::load(const StackProbeSettings& settings, const SharedMapFds& shared) {
    const LibbpfLog log;
    StackProbe probe;
    probe.settings_ = settings;
    probe.skeleton_.reset(stacks_bpf__open());
    if (!probe.skeleton_) return refusal("cannot open the stacks probe", errno);
    stacks_bpf& skeleton = *probe.skeleton_;
    skeleton.rodata->probe_config = settings.who;
    skeleton.rodata->stack_config.sample_ns = probe.period_nanoseconds();
    skeleton.rodata->stack_config.ticks_per_sample = ticks_per_sample(settings.frequency);
    auto& programs = skeleton.progs;
    for (bpf_program* program :
         {programs.thread_switched, programs.thread_woken, programs.thread_found_waiting, programs.thread_still_waiting}) {
        bpf_program__set_autoload(program, settings.waits);
    }
    probe.size_maps();
    if (auto sharing = probe.share_maps(shared); !sharing) return tl::unexpected(sharing.error());
    if (const int error = stacks_bpf__load(&skeleton)) return refusal("cannot load the stacks probe", -error);
    const auto& maps = skeleton.maps;
    probe.maps_ = std::make_unique<UnwindMaps>(
        UnwindMapFds{bpf_map__fd(maps.process_mappings), bpf_map__fd(maps.mappings), bpf_map__fd(maps.modules),
                     bpf_map__fd(maps.unwind_pages), bpf_map__fd(maps.unwind_rows), bpf_map__fd(maps.interpreters)},
        UnwindMapSizes{});
    return probe;
}

WalkMapFds StackProbe::walk_maps() const {
    const auto& maps = skeleton_->maps;
    return {bpf_map__fd(maps.process_mappings), bpf_map__fd(maps.mappings),    bpf_map__fd(maps.modules),
            bpf_map__fd(maps.unwind_pages),     bpf_map__fd(maps.unwind_rows), bpf_map__fd(maps.walks),
            bpf_map__fd(maps.interpreters)};
}

void StackProbe::size_maps() {
    const UnwindMapSizes sizes;
    const auto& maps = skeleton_->maps;
    bpf_map__set_max_entries(maps.mappings, sizes.mappings);
    bpf_map__set_max_entries(maps.unwind_pages, sizes.pages);
    bpf_map__set_max_entries(maps.unwind_rows, sizes.chunks);
    bpf_map__set_max_entries(maps.walks, static_cast<std::uint32_t>(libbpf_num_possible_cpus()) * FF_SCRATCH_PER_CPU);
}

Result<void> StackProbe::share_maps(const SharedMapFds& shared) {
    const auto& maps = skeleton_->maps;
    int error = bpf_map__reuse_fd(maps.events, shared.events);
    if (error == 0) error = bpf_map__reuse_fd(maps.counters, shared.counters);
    if (error == 0) error = bpf_map__reuse_fd(maps.watched, shared.watched);
    if (error != 0) return refusal("cannot share maps with the stacks probe", -error);
    return {};
}

Result<void> StackProbe::attach_waits() {
    const LibbpfLog log;
    if (!settings_.waits) return {};
    auto& links = skeleton_->links;
    for (const auto& [program, link] : {std::pair{skeleton_->progs.thread_woken, &links.thread_woken},
                                        std::pair{skeleton_->progs.thread_switched, &links.thread_switched},
                                        std::pair{skeleton_->progs.thread_found_waiting, &links.thread_found_waiting}}) {
        if (auto attached = attach_program(program, link); !attached) return attached;
    }
    return {};
}

Result<void> StackProbe::take_waiting(const std::function<void()>& drain) {
    return settings_.waits ? run_iterator(skeleton_->links.thread_found_waiting, kWaiting, drain) : Result<void>();
}

Result<void> StackProbe::end_waits(const std::function<void()>& drain) {
    const LibbpfLog log;
    if (!settings_.waits) return {};
    const Link iterator(bpf_program__attach(skeleton_->progs.thread_still_waiting));
    return iterator ? run_iterator(iterator.get(), kWaiting, drain) : refusal(kWaiting, errno);
}

// The processor's own counter stands still while the CPU does; without one (virtual machines) a timer has to do.
Result<void> StackProbe::attach_clock() {
    const LibbpfLog log;
    std::uint32_t type = PERF_TYPE_HARDWARE;
    std::uint64_t config = PERF_COUNT_HW_CPU_CYCLES;
    const std::uint32_t ticks = settings_.frequency * ticks_per_sample(settings_.frequency);
    clock_ = "cpu-cycles";
    for (int cpu = 0; cpu < libbpf_num_possible_cpus(); ++cpu) {
        int event = open_clock(type, config, ticks, cpu);
        if (event < 0 && clocks_.empty() && type == PERF_TYPE_HARDWARE) {
            type = PERF_TYPE_SOFTWARE;
            config = PERF_COUNT_SW_CPU_CLOCK;
            clock_ = "cpu-clock";
            event = open_clock(type, config, ticks, cpu);
        }
        if (event < 0 && errno == ENODEV) continue;  // that CPU is offline
        if (event < 0) return refusal("cannot open a sampling clock", errno);
        Link link(bpf_program__attach_perf_event(skeleton_->progs.clock_ticked, event));
        if (!link) {
            const int error = errno;
            close(event);
            return refusal("cannot attach to the sampling clock", error);
        }
        clocks_.push_back(std::move(link));
    }
    return {};
}

void StackProbe::detach() {
    clocks_.clear();
    stacks_bpf__detach(skeleton_.get());
}

void StackProbe::set_waits_apart(std::uint32_t nanoseconds) {
    skeleton_->bss->waits_apart_ns = nanoseconds;
    skeleton_->bss->waits_wanted = 1;
}

std::vector<int> StackProbe::program_fds() const {
    std::vector<int> fds;
    const auto& programs = skeleton_->progs;
    for (const bpf_program* program : {programs.clock_ticked, programs.thread_switched, programs.thread_woken}) {
        if (const int fd = bpf_program__fd(program); fd >= 0) fds.push_back(fd);
    }
    return fds;
}

}  // namespace footfall
