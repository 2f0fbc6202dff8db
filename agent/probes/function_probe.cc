#include "agent/probes/function_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "agent/kernel/libbpf_log.h"
#include "agent/probes/attach.h"
#include "bpf/contract/function_probe.h"

// After the contract: the skeleton names its types.
#include "functions.skel.h"

namespace footfall {
namespace {

constexpr std::size_t kBatch = 512;        // functions
constexpr std::size_t kBatchesAtOnce = 4;  // a change of one takes some 10 ms, in which nothing else is done
constexpr std::uint32_t kAtOnce = 4096;    // entries that are read by one call

static_assert(static_cast<int>(FunctionBy::kProcess) == FF_BY_PROCESS &&
              static_cast<int>(FunctionBy::kThread) == FF_BY_THREAD);
static_assert(static_cast<int>(FunctionBy::kUser) == FF_BY_USER && static_cast<int>(FunctionBy::kCaller) == FF_BY_CALLER);

// The middle of a cell.
std::uint64_t duration_of(std::uint32_t cell) {
    const std::uint32_t bit = (cell >> FF_DURATION_BITS) + FF_DURATION_SHIFT;
    const std::uint64_t width = std::uint64_t{1} << (bit - FF_DURATION_BITS);
    const std::uint64_t place = cell & ((1U << FF_DURATION_BITS) - 1);
    return (std::uint64_t{1} << bit) + place * width + width / 2;
}

}  // namespace

std::string_view text_of(FunctionBy by) {
    switch (by) {
        case FunctionBy::kNothing:
            return "";
        case FunctionBy::kProcess:
            return "process";
        case FunctionBy::kThread:
            return "thread";
        case FunctionBy::kUser:
            return "user";
        case FunctionBy::kCaller:
            return "caller";
    }
    __builtin_unreachable();
}

void FunctionProbe::Destroy::operator()(functions_bpf* skeleton) const { functions_bpf__destroy(skeleton); }
void FunctionProbe::DestroyLink::operator()(bpf_link* link) const { bpf_link__destroy(link); }

FunctionProbe::FunctionProbe(FunctionProbe&&) noexcept = default;
FunctionProbe& FunctionProbe::operator=(FunctionProbe&&) noexcept = default;
FunctionProbe::~FunctionProbe() = default;

Result<FunctionProbe> FunctionProbe::load(const ff_probe_config& who, const SharedMapFds& shared, std::uint32_t functions,
                                          bool timed, FunctionBy by) {
    const LibbpfLog log;
    FunctionProbe probe;
    probe.functions_ = functions;
    probe.by_ = by;
    Result<void> opened = probe.open(who, shared, timed ? FunctionHook::kSession : FunctionHook::kCount);
    if (!opened && timed) opened = probe.open(who, shared, FunctionHook::kPair);
    if (!opened) return tl::unexpected<Error>(opened.error());
    return probe;
}

Result<void> FunctionProbe::open(const ff_probe_config& who, const SharedMapFds& shared, FunctionHook hook) {
    hook_ = hook;
    skeleton_.reset(functions_bpf__open());
    if (!skeleton_) return refusal("cannot open the functions probe", errno);
    skeleton_->rodata->probe_config = who;
    skeleton_->rodata->counted_by = static_cast<std::uint32_t>(by_);
    const auto& programs = skeleton_->progs;
    bpf_program__set_autoload(programs.function_called, hook == FunctionHook::kCount);
    bpf_program__set_autoload(programs.function_timed, hook == FunctionHook::kSession);
    bpf_program__set_autoload(programs.function_entered, hook == FunctionHook::kPair);
    bpf_program__set_autoload(programs.function_returned, hook == FunctionHook::kPair);
    bpf_program__set_expected_attach_type(programs.function_timed,
                                          static_cast<bpf_attach_type>(attach_type_of(UprobeEnd::kBoth)));
    const auto& maps = skeleton_->maps;
    bpf_map__set_autocreate(maps.open_calls, hook == FunctionHook::kPair);
    bpf_map__set_max_entries(maps.calls, functions_);
    if (by_ == FunctionBy::kNothing) bpf_map__set_max_entries(maps.parts, 1);
    bpf_map__set_max_entries(maps.durations, hook == FunctionHook::kCount ? 1 : functions_);
    int error = bpf_map__reuse_fd(maps.events, shared.events);
    if (error == 0) error = bpf_map__reuse_fd(maps.counters, shared.counters);
    if (error == 0) error = bpf_map__reuse_fd(maps.watched, shared.watched);
    if (error == 0) error = functions_bpf__load(skeleton_.get());
    if (error != 0) return refusal("cannot load the functions probe", -error);
    return {};
}

// The returns first: one whose entry was not seen means nothing, and an entry without its return would be open for ever.
std::vector<FunctionProbe::Part> FunctionProbe::programs() const {
    const auto& programs = skeleton_->progs;
    switch (hook_) {
        case FunctionHook::kCount:
            return {{programs.function_called, UprobeEnd::kEntry}};
        case FunctionHook::kSession:
            return {{programs.function_timed, UprobeEnd::kBoth}};
        case FunctionHook::kPair:
            return {{programs.function_returned, UprobeEnd::kReturn}, {programs.function_entered, UprobeEnd::kEntry}};
    }
    __builtin_unreachable();
}

Result<void> FunctionProbe::attach(int file, std::span<const UprobePlace> places) {
    const LibbpfLog log;
    for (const Part& part : programs()) {
        Fd link = attach_uprobes(bpf_program__fd(part.program), file, part.end, places);
        if (link.valid()) {
            links_.push_back(std::move(link));
        } else if (errno != EINVAL && errno != EOPNOTSUPP) {
            return refusal("cannot attach to functions", errno);
        } else if (auto attached = attach_single(part, file, places); !attached) {
            return attached;
        }
    }
    return {};
}

Result<void> FunctionProbe::attach_in_batches(int file, std::span<const UprobePlace> places) {
    const LibbpfLog log;
    when_attached_.assign(functions_, 0);
    for (std::size_t begin = 0; begin < places.size(); begin += kBatch) {
        const auto part = places.subspan(begin, std::min(kBatch, places.size() - begin));
        Batch& batch = batches_.emplace_back();
        batch.places.assign(part.begin(), part.end());
        if (auto attached = attach_batch(batch, file, part); !attached) return attached;
    }
    return {};
}

// The new link first: in between, both count, and nothing is missed.
Result<void> FunctionProbe::attach_batch(Batch& batch, int file, std::span<const UprobePlace> places) {
    Fd link;
    if (!places.empty()) {
        link = attach_uprobes(bpf_program__fd(skeleton_->progs.function_called), file, UprobeEnd::kEntry, places);
        if (!link.valid()) return refusal("cannot attach to functions", errno);
    }
    batch.link = std::move(link);
    batch.attached = places.size();
    return {};
}

Result<std::size_t> FunctionProbe::take_off(int file, std::span<const std::uint64_t> calls) {
    std::size_t taken = 0;
    for (std::size_t looked = 0, changed = 0; looked < batches_.size() && changed < kBatchesAtOnce; ++looked) {
        Batch& batch = batches_[next_batch_];
        next_batch_ = (next_batch_ + 1) % batches_.size();
        std::vector<UprobePlace> left;
        for (const UprobePlace& place : batch.places) {
            if (calls[place.cookie] == when_attached_[place.cookie]) left.push_back(place);
        }
        if (left.size() >= batch.attached) continue;
        taken += batch.attached - left.size();
        ++changed;
        if (auto attached = attach_batch(batch, file, left); !attached) return tl::unexpected<Error>(attached.error());
    }
    return taken;
}

Result<void> FunctionProbe::put_on(int file, std::span<const std::uint64_t> calls) {
    when_attached_.assign(calls.begin(), calls.end());
    for (Batch& batch : batches_) {
        if (batch.attached == batch.places.size()) continue;
        if (auto attached = attach_batch(batch, file, batch.places); !attached) return attached;
    }
    return {};
}

std::size_t FunctionProbe::attached() const {
    std::size_t functions = 0;
    for (const Batch& batch : batches_) functions += batch.attached;
    return functions;
}

Result<void> FunctionProbe::attach_single(const Part& part, int file, std::span<const UprobePlace> places) {
    if (places.size() > kMostSingle) {
        return failure("this kernel takes 0.1 s to remove each probe: " + std::to_string(places.size()) + " are too many",
                       "pick at most " + std::to_string(kMostSingle) + " functions (kernels from 6.6 on take any number)",
                       ExitCode::kUnavailable);
    }
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    for (const UprobePlace& place : places) {
        bpf_uprobe_opts options{};
        options.sz = sizeof options;
        options.bpf_cookie = place.cookie;
        options.ref_ctr_offset = place.semaphore;
        options.retprobe = part.end == UprobeEnd::kReturn;
        bpf_link* link = bpf_program__attach_uprobe_opts(part.program, -1, path.c_str(), place.file_offset, &options);
        if (link == nullptr) return refusal("cannot attach to functions", errno);
        single_links_.emplace_back(link);
    }
    return {};
}

void FunctionProbe::detach() {
    links_.clear();
    single_links_.clear();
    batches_.clear();
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
        const int error =
            bpf_map_lookup_batch(map, first ? nullptr : &place, &place, keys.data(), values.data(), &count, {});
        if (error != 0 && error != -ENOENT) return system_failure("cannot read the counts of functions", -error);
        for (std::uint32_t i = 0; i < count; ++i) {
            for (std::size_t cpu = 0; cpu < cpus; ++cpu) sums.at(keys[i]) += values[i * cpus + cpu];
        }
        if (error == -ENOENT) return sums;
    }
}

Result<std::vector<FunctionPart>> FunctionProbe::parts() const {
    const int map = bpf_map__fd(skeleton_->maps.parts);
    std::vector<ff_function_part> by_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    std::vector<FunctionPart> found;
    ff_function_part_key key{};
    // A part that comes meanwhile may be missed; none ever goes.
    for (const ff_function_part_key* last = nullptr; bpf_map_get_next_key(map, last, &key) == 0; last = &key) {
        const int error = bpf_map_lookup_elem(map, &key, by_cpu.data());
        if (error != 0) return system_failure("cannot read who called functions", -error);
        FunctionPart& part = found.emplace_back();
        part.function = key.function;
        part.pid = Pid{key.pid};
        part.who = key.who;
        for (const ff_function_part& own : by_cpu) {
            part.calls += own.calls;
            if (own.comm[0] == 0) continue;
            part.comm.assign(own.comm, strnlen(own.comm, sizeof own.comm));
            part.device = own.device;
            part.inode = own.inode;
            part.offset = own.offset;
            part.file.assign(own.file, strnlen(own.file, sizeof own.file));
        }
    }
    return found;
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
    for (const Part& part : programs()) fds.push_back(bpf_program__fd(part.program));
    return fds;
}

}  // namespace footfall
