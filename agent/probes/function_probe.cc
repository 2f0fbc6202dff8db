#include "agent/probes/function_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "agent/kernel/libbpf_log.h"
#include "agent/probes/attach.h"
#include "bpf/contract/function_probe.h"

// After the contract: the skeleton names its types.
#include "functions.skel.h"

namespace footfall {
namespace {

constexpr std::uint32_t kAtOnce = 4096;  // entries that are read by one call

// The middle of a cell.
std::uint64_t duration_of(std::uint32_t cell) {
    const std::uint32_t bit = (cell >> FF_DURATION_BITS) + FF_DURATION_SHIFT;
    const std::uint64_t width = std::uint64_t{1} << (bit - FF_DURATION_BITS);
    const std::uint64_t place = cell & ((1U << FF_DURATION_BITS) - 1);
    return (std::uint64_t{1} << bit) + place * width + width / 2;
}

}  // namespace

void FunctionProbe::Destroy::operator()(functions_bpf* skeleton) const { functions_bpf__destroy(skeleton); }

FunctionProbe::FunctionProbe(FunctionProbe&&) noexcept = default;
FunctionProbe& FunctionProbe::operator=(FunctionProbe&&) noexcept = default;
FunctionProbe::~FunctionProbe() = default;

Result<FunctionProbe> FunctionProbe::load(const ff_probe_config& who, const SharedMapFds& shared, std::uint32_t functions,
                                          bool timed) {
    const LibbpfLog log;
    FunctionProbe probe;
    probe.functions_ = functions;
    probe.timed_ = timed;
    probe.skeleton_.reset(functions_bpf__open());
    if (!probe.skeleton_) return refusal("cannot open the functions probe", errno);
    probe.skeleton_->rodata->probe_config = who;
    const auto& programs = probe.skeleton_->progs;
    bpf_program__set_autoload(programs.function_called, !timed);
    bpf_program__set_autoload(programs.function_timed, timed);
    bpf_program__set_expected_attach_type(programs.function_timed,
                                          static_cast<bpf_attach_type>(attach_type_of(UprobeEnd::kBoth)));
    const auto& maps = probe.skeleton_->maps;
    bpf_map__set_max_entries(maps.calls, functions);
    bpf_map__set_max_entries(maps.durations, timed ? functions : 1);
    int error = bpf_map__reuse_fd(maps.events, shared.events);
    if (error == 0) error = bpf_map__reuse_fd(maps.counters, shared.counters);
    if (error == 0) error = bpf_map__reuse_fd(maps.watched, shared.watched);
    if (error == 0) error = functions_bpf__load(probe.skeleton_.get());
    if (error != 0) return refusal("cannot load the functions probe", -error);
    return probe;
}

Result<void> FunctionProbe::attach(int file, std::span<const UprobePlace> places) {
    const auto& programs = skeleton_->progs;
    const int program = bpf_program__fd(timed_ ? programs.function_timed : programs.function_called);
    Fd link = attach_uprobes(program, file, timed_ ? UprobeEnd::kBoth : UprobeEnd::kEntry, places);
    if (!link.valid()) return refusal("cannot attach to functions", errno);
    links_.push_back(std::move(link));
    return {};
}

Result<std::vector<std::uint64_t>> FunctionProbe::calls() const {
    const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
    std::vector<std::uint64_t> sums(functions_);
    std::vector<std::uint32_t> keys(kAtOnce);
    std::vector<std::uint64_t> values(kAtOnce * cpus);
    const int map = bpf_map__fd(skeleton_->maps.calls);
    std::uint32_t place = 0;
    for (bool first = true;; first = false) {
        std::uint32_t count = kAtOnce;
        const int error = bpf_map_lookup_batch(map, first ? nullptr : &place, &place, keys.data(), values.data(), &count, {});
        if (error != 0 && error != -ENOENT) return system_failure("cannot read the counts of functions", -error);
        for (std::uint32_t i = 0; i < count; ++i) {
            for (std::size_t cpu = 0; cpu < cpus; ++cpu) sums.at(keys[i]) += values[i * cpus + cpu];
        }
        if (error == -ENOENT) return sums;
    }
}

Result<FunctionDurations> FunctionProbe::durations(std::uint32_t function) const {
    std::vector<ff_function_durations> by_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const int error = bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.durations), &function, by_cpu.data());
    if (error != 0) return system_failure("cannot read the durations of functions", -error);
    FunctionDurations durations;
    for (const ff_function_durations& own : by_cpu) {
        const std::uint64_t longest = own.max_ns;
        durations.sum_nanoseconds += own.sum_ns;
        durations.max_nanoseconds = std::max(durations.max_nanoseconds, longest);
        for (std::uint32_t cell = 0; cell < FF_DURATION_CELLS; ++cell) {
            if (own.cells[cell] != 0) durations.histogram.record(std::min(duration_of(cell), longest), own.cells[cell]);
        }
    }
    return durations;
}

std::vector<int> FunctionProbe::program_fds() const {
    std::vector<int> fds;
    for (const bpf_program* program : {skeleton_->progs.function_called, skeleton_->progs.function_timed}) {
        if (const int fd = bpf_program__fd(program); fd >= 0) fds.push_back(fd);
    }
    return fds;
}

}  // namespace footfall
