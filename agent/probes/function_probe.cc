#include "agent/probes/function_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "agent/kernel/libbpf_log.h"
#include "agent/probes/attach.h"
#include "bpf/contract/function_probe.h"

// After the contract: the skeleton names its types.
#include "functions.skel.h"

namespace footfall {
namespace {

static_assert(static_cast<int>(FunctionBy::kProcess) == FF_BY_PROCESS &&
              static_cast<int>(FunctionBy::kThread) == FF_BY_THREAD && static_cast<int>(FunctionBy::kUser) == FF_BY_USER &&
              static_cast<int>(FunctionBy::kCaller) == FF_BY_CALLER &&
              static_cast<int>(FunctionBy::kArgument) == FF_BY_ARGUMENT &&
              static_cast<int>(FunctionBy::kOperation) == FF_BY_OPERATION);
static_assert(static_cast<int>(ArgumentType::kInt) == FF_ARGUMENT_INT &&
              static_cast<int>(ArgumentType::kUint) == FF_ARGUMENT_UINT &&
              static_cast<int>(ArgumentType::kLong) == FF_ARGUMENT_LONG &&
              static_cast<int>(ArgumentType::kUlong) == FF_ARGUMENT_ULONG &&
              static_cast<int>(ArgumentType::kString) == FF_ARGUMENT_STRING);
static_assert(static_cast<int>(ArgumentIn::kConstant) == FF_USDT_CONSTANT &&
              static_cast<int>(ArgumentIn::kRegister) == FF_USDT_REGISTER &&
              static_cast<int>(ArgumentIn::kMemory) == FF_USDT_MEMORY && UsdtArgument::kNoRegister == FF_USDT_NO_REGISTER &&
              UsdtArgument::kInstruction == FF_USDT_RIP);
static_assert(kMostArguments == FF_ARGUMENT_PLACES && kArgumentText == FF_PART_TEXT - 1 && kNoString == FF_NO_STRING);

constexpr std::size_t kBatchesAtOnce = 4;  // a change of one takes some 10 ms, in which nothing else is done
constexpr std::uint32_t kAtOnce = 4096;    // entries that are read by one call

std::uint32_t function_of(const UprobePlace& place) { return FF_FUNCTION_OF(place.cookie); }

// The middle of a cell.
std::uint64_t duration_of(std::uint32_t cell) {
    const std::uint32_t bit = (cell >> FF_DURATION_BITS) + FF_DURATION_SHIFT;
    const std::uint64_t width = std::uint64_t{1} << (bit - FF_DURATION_BITS);
    const std::uint64_t place = cell & ((1U << FF_DURATION_BITS) - 1);
    return (std::uint64_t{1} << bit) + place * width + width / 2;
}

FunctionHook hook_for(Timing timing) {
    switch (timing) {
        case Timing::kNone:
            return FunctionHook::kCount;
        case Timing::kByReturn:
            return FunctionHook::kSession;
        case Timing::kByExits:
            return FunctionHook::kEdges;
    }
    __builtin_unreachable();
}

std::uint64_t goroutine_bit(Goroutine goroutine) {
    switch (goroutine) {
        case Goroutine::kNone:
            return 0;
        case Goroutine::kRegister:
            return FF_EDGE_GO_REGISTER;
        case Goroutine::kThread:
            return FF_EDGE_GO_THREAD;
    }
    __builtin_unreachable();
}

}  // namespace

UprobePlace place_of(const FunctionEdge& edge) {
    std::uint64_t cookie = edge.function | goroutine_bit(edge.goroutine);
    if (edge.begins) cookie |= FF_EDGE_BEGINS;
    if (edge.ends) cookie |= FF_EDGE_ENDS;
    if (!edge.timed) cookie |= FF_EDGE_NOT_TIMED;
    if (edge.place.from_frame_pointer) cookie |= FF_EDGE_FROM_FRAME;
    cookie |= std::uint64_t{edge.condition} << FF_EDGE_CONDITION_SHIFT;
    cookie |= std::uint64_t{static_cast<std::uint32_t>(edge.place.offset)} << FF_EDGE_PLACE_SHIFT;
    return {edge.file_offset, cookie, 0};
}

std::vector<UprobePlace> edges_of(std::span<const CodeFunction> functions) {
    std::vector<UprobePlace> places;
    std::vector<UprobePlace> begins;
    for (std::uint32_t number = 0; number < functions.size(); ++number) {
        const CodeFunction& function = functions[number];
        if (function.no_site != NoSite::kNone) continue;
        FunctionEdge begin{.file_offset = function.file_offset, .function = number, .begins = true};
        begin.timed = !function.exits.empty();
        begin.place.offset = static_cast<std::int32_t>(function.site.pushed);
        begin.goroutine = function.goroutine;
        for (const FunctionExit& exit : function.exits) {
            if (exit.file_offset == function.file_offset) {  // the jump that it begins with may leave it
                begin.ends = true;
                begin.condition = exit.condition;
                continue;
            }
            places.push_back(place_of({.file_offset = exit.file_offset,
                                       .function = number,
                                       .ends = true,
                                       .place = exit.place,
                                       .condition = exit.condition,
                                       .goroutine = function.goroutine}));
        }
        begins.push_back(place_of(begin));
    }
    places.insert(places.end(), begins.begin(), begins.end());
    return places;
}

void FunctionProbe::Destroy::operator()(functions_bpf* skeleton) const { functions_bpf__destroy(skeleton); }
void FunctionProbe::DestroyLink::operator()(bpf_link* link) const { bpf_link__destroy(link); }

FunctionProbe::FunctionProbe(FunctionProbe&&) noexcept = default;
FunctionProbe& FunctionProbe::operator=(FunctionProbe&&) noexcept = default;
FunctionProbe::~FunctionProbe() = default;

Result<FunctionProbe> FunctionProbe::load(const ff_probe_config& who, const SharedMapFds& shared, std::uint32_t functions,
                                          Timing timing, const CallsBy& by, Extra extra) {
    const LibbpfLog log;
    FunctionProbe probe;
    probe.extra_ = std::move(extra);
    probe.functions_ = functions;
    probe.by_ = by;
    Result<void> opened = probe.open(who, shared, hook_for(timing));
    if (!opened && timing == Timing::kByReturn) opened = probe.open(who, shared, FunctionHook::kPair);
    if (!opened) return tl::unexpected<Error>(opened.error());
    return probe;
}

Result<void> FunctionProbe::open(const ff_probe_config& who, const SharedMapFds& shared, FunctionHook hook) {
    hook_ = hook;
    skeleton_.reset(functions_bpf__open());
    if (!skeleton_) return refusal("cannot open the functions probe", errno);
    skeleton_->rodata->probe_config = who;
    skeleton_->rodata->counted_by = static_cast<std::uint32_t>(by_.what);
    skeleton_->rodata->probe_number = extra_.number;
    const auto sites = static_cast<std::uint32_t>(extra_.usdt_arguments.size());
    skeleton_->rodata->usdt_sites = sites;
    skeleton_->rodata->counted_argument = {.place = by_.argument.place,
                                           .type = static_cast<std::uint32_t>(by_.argument.type),
                                           .log2 = by_.argument.log2 ? 1U : 0U,
                                           .reserved = 0};
    const auto& programs = skeleton_->progs;
    bpf_program__set_autoload(programs.function_called, hook == FunctionHook::kCount);
    bpf_program__set_autoload(programs.function_timed, hook == FunctionHook::kSession);
    bpf_program__set_autoload(programs.function_entered, hook == FunctionHook::kPair);
    bpf_program__set_autoload(programs.function_returned, hook == FunctionHook::kPair);
    bpf_program__set_autoload(programs.function_edge, hook == FunctionHook::kEdges);
    bpf_program__set_expected_attach_type(programs.function_timed,
                                          static_cast<bpf_attach_type>(attach_type_of(UprobeEnd::kBoth)));
    const auto& maps = skeleton_->maps;
    bpf_map__set_autocreate(maps.open_calls, hook == FunctionHook::kPair);
    bpf_map__set_autocreate(maps.begun_calls, hook == FunctionHook::kEdges);
    bpf_map__set_max_entries(maps.calls, functions_);
    bpf_map__set_max_entries(maps.strangers, extra_.counts_strangers ? functions_ : 1);
    bpf_map__set_max_entries(maps.paces, extra_.takes_stacks ? functions_ : 1);
    skeleton_->rodata->takes_stacks = extra_.takes_stacks ? 1 : 0;
    skeleton_->rodata->counts_strangers = extra_.counts_strangers ? 1 : 0;
    bpf_map__set_max_entries(maps.usdt_arguments, std::max(sites, 1U));
    const bool by_operation = by_.what == FunctionBy::kOperation;
    if (by_.what == FunctionBy::kNothing || by_operation) bpf_map__set_max_entries(maps.parts, 1);
    bpf_map__set_autocreate(maps.thread_calls, by_operation);
    bpf_map__set_max_entries(maps.durations, hook == FunctionHook::kCount ? 1 : functions_);
    int error = bpf_map__reuse_fd(maps.events, shared.events);
    if (error == 0) error = bpf_map__reuse_fd(maps.counters, shared.counters);
    if (error == 0) error = bpf_map__reuse_fd(maps.watched, shared.watched);
    if (error == 0) error = share_walk_maps(shared.walk);
    if (error == 0 && by_operation) error = bpf_map__reuse_fd(maps.thread_calls, shared.thread_calls);
    if (error == 0) error = functions_bpf__load(skeleton_.get());
    if (error != 0) return refusal("cannot load the functions probe", -error);
    return fill_usdt_arguments();
}

// Without stacks, nothing is left of what uses them, but for what a global function of its own does (find_mapping()):
// kernels before 6.8 ("bpf: validate global subprogs lazily") look at those that nobody calls, too.
int FunctionProbe::share_walk_maps(const WalkMapFds& walk) {
    const auto& maps = skeleton_->maps;
    const std::pair<bpf_map*, int> shared[] = {
        {maps.process_mappings, walk.processes}, {maps.mappings, walk.mappings}, {maps.modules, walk.modules},
        {maps.unwind_pages, walk.pages},         {maps.unwind_rows, walk.rows},  {maps.walks, walk.walks},
        {maps.interpreters, walk.interpreters},
    };
    for (const auto& [map, fd] : shared) {
        const bool is_named = map == maps.mappings;
        const int error = extra_.takes_stacks ? bpf_map__reuse_fd(map, fd) : bpf_map__set_autocreate(map, is_named);
        if (error != 0) return error;
    }
    return 0;
}

void FunctionProbe::set_stacks_apart(std::uint32_t nanoseconds) {
    std::atomic_ref(skeleton_->bss->stacks_apart_ns).store(nanoseconds);
}

Result<void> FunctionProbe::fill_usdt_arguments() {
    for (std::uint32_t site = 0; site < extra_.usdt_arguments.size(); ++site) {
        const std::optional<UsdtArgument>& at = extra_.usdt_arguments[site];
        ff_usdt_argument argument{};
        argument.in = FF_USDT_NOWHERE;
        if (at) argument = {at->offset, at->bytes, static_cast<std::uint8_t>(at->in), at->base, at->index, at->shift, {}};
        const int error = bpf_map_update_elem(bpf_map__fd(skeleton_->maps.usdt_arguments), &site, &argument, BPF_ANY);
        if (error != 0) return system_failure("cannot tell the functions probe where arguments are", -error);
    }
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
        case FunctionHook::kEdges:
            return {{programs.function_edge, UprobeEnd::kEntry}};
    }
    __builtin_unreachable();
}

std::vector<FunctionProbe::Batch> FunctionProbe::batches_of(std::span<const UprobePlace> places) {
    std::map<std::uint32_t, Batch> by_number;
    for (const UprobePlace& place : places) by_number[function_of(place) / FF_FUNCTION_BATCH].places.push_back(place);
    std::vector<Batch> batches;
    for (auto& [number, batch] : by_number) {
        batch.first = number;
        batches.push_back(std::move(batch));
    }
    return batches;
}

Result<void> FunctionProbe::attach(int file, std::span<const UprobePlace> places, bool in_batches,
                                   std::vector<Pid> processes) {
    const LibbpfLog log;
    processes_ = std::move(processes);
    everywhere_ = processes_.empty();
    when_attached_.assign(functions_, 0);
    if (in_batches) {
        batches_ = batches_of(places);
    } else {
        batches_.emplace_back().count = FF_FUNCTION_BATCHES;
        batches_.back().places.assign(places.begin(), places.end());
    }
    for (Batch& batch : batches_) {
        const auto attached = attach_batch(batch, file, batch.places);
        if (!attached) return tl::unexpected<Error>(attached.error());
        if (*attached) continue;
        batches_.clear();
        return attach_singles(file, places);
    }
    return {};
}

bool FunctionProbe::is_attached_in(Pid process) const {
    const auto has_links = [](const Batch& batch) { return !batch.links.empty(); };
    const auto batch = std::find_if(batches_.begin(), batches_.end(), has_links);
    return batch == batches_.end() || std::any_of(batch->links.begin(), batch->links.end(),
                                                  [&](const Fd& link) { return is_of_process(link, process); });
}

Result<void> FunctionProbe::attach_everywhere(int file) {
    processes_.clear();
    everywhere_ = true;
    return attach_again(file);
}

Result<void> FunctionProbe::attach_again(int file) {
    const LibbpfLog log;
    for (Batch& batch : batches_) {
        if (batch.attached.empty()) continue;
        const auto attached = attach_batch(batch, file, std::vector(batch.attached));
        if (!attached) return tl::unexpected<Error>(attached.error());
    }
    return {};
}

Result<void> FunctionProbe::attach_in(int file, Pid process) {
    const LibbpfLog log;
    if (std::find(processes_.begin(), processes_.end(), process) == processes_.end()) processes_.push_back(process);
    for (Batch& batch : batches_) {
        if (batch.attached.empty()) continue;
        auto links = links_for(file, batch.attached, batch.generation, {process});
        if (!links) return tl::unexpected<Error>(links.error());
        if (*links) std::move((*links)->begin(), (*links)->end(), std::back_inserter(batch.links));
    }
    return {};
}

// The new links first: then the generation changes, and the old ones go.
Result<bool> FunctionProbe::attach_batch(Batch& batch, int file, std::span<const UprobePlace> places) {
    const std::uint32_t generation = batch.links.empty() ? batch.generation : 1 - batch.generation;
    auto made = links_for(file, places, generation, everywhere_ ? std::vector{Pid{}} : processes_);
    if (!made) return tl::unexpected<Error>(made.error());
    if (!*made) return false;
    std::vector<Fd> links = std::move(**made);
    for (std::uint32_t i = batch.first; i < batch.first + batch.count; ++i) {
        std::atomic_ref(skeleton_->bss->generations[i]).store(static_cast<std::uint8_t>(generation));
    }
    batch.generation = generation;
    batch.links = std::move(links);
    batch.attached.assign(places.begin(), places.end());
    return true;
}

Result<std::optional<std::vector<Fd>>> FunctionProbe::links_for(int file, std::span<const UprobePlace> places,
                                                                std::uint32_t generation,
                                                                const std::vector<Pid>& processes) const {
    std::vector<UprobePlace> marked(places.begin(), places.end());
    for (UprobePlace& place : marked) place.cookie |= std::uint64_t{generation} << FF_GENERATION_BIT;
    std::vector<Fd> links;
    for (const Part& part : programs()) {
        for (const Pid process : processes) {
            if (places.empty()) break;
            Fd link = attach_uprobes(bpf_program__fd(part.program), file, part.end, marked, process);
            const bool has_ended = !link.valid() && errno == ESRCH;
            if (has_ended) continue;
            if (!link.valid() && (errno == EINVAL || errno == EOPNOTSUPP)) return std::nullopt;
            if (!link.valid()) return refusal("cannot attach to functions", errno);
            links.push_back(std::move(link));
        }
    }
    return links;
}

Result<void> FunctionProbe::take_off(int file, const std::vector<bool>& functions) {
    const auto goes = [&](std::uint32_t function) { return functions.at(function); };
    std::erase_if(singles_, [&](const Single& single) { return goes(single.function); });
    for (Batch& batch : batches_) {
        const std::size_t all = batch.places.size();
        std::erase_if(batch.places, [&](const UprobePlace& place) { return goes(function_of(place)); });
        if (batch.places.size() == all) continue;
        if (auto attached = attach_batch(batch, file, batch.places); !attached)
            return tl::unexpected<Error>(attached.error());
    }
    return {};
}

Result<std::size_t> FunctionProbe::take_off_called(int file, std::span<const std::uint64_t> calls,
                                                   const std::vector<bool>& others) {
    std::size_t taken = 0;
    for (std::size_t looked = 0, changed = 0; looked < batches_.size() && changed < kBatchesAtOnce; ++looked) {
        Batch& batch = batches_[next_batch_];
        next_batch_ = (next_batch_ + 1) % batches_.size();
        std::vector<UprobePlace> left;
        for (const UprobePlace& place : batch.places) {
            const std::uint32_t function = function_of(place);
            if (calls[function] == when_attached_[function] && !others.at(function)) left.push_back(place);
        }
        if (left.size() >= batch.attached.size()) continue;
        taken += batch.attached.size() - left.size();
        ++changed;
        if (auto attached = attach_batch(batch, file, left); !attached) return tl::unexpected<Error>(attached.error());
    }
    return taken;
}

Result<void> FunctionProbe::put_on(int file, std::span<const std::uint64_t> calls) {
    when_attached_.assign(calls.begin(), calls.end());
    for (Batch& batch : batches_) {
        if (batch.attached.size() == batch.places.size()) continue;
        if (auto attached = attach_batch(batch, file, batch.places); !attached)
            return tl::unexpected<Error>(attached.error());
    }
    return {};
}

std::size_t FunctionProbe::attached() const {
    std::size_t functions = 0;
    for (const Batch& batch : batches_) functions += batch.attached.size();
    return functions;
}

Result<void> FunctionProbe::attach_singles(int file, std::span<const UprobePlace> places) {
    if (places.size() > kMostSingle) {
        return failure("this kernel takes 0.1 s to remove each probe: " + std::to_string(places.size()) + " are too many",
                       "pick fewer functions: at most " + std::to_string(kMostSingle) +
                           " with their exits, if they are timed by those (kernels from 6.6 on take any number)",
                       ExitCode::kUnavailable);
    }
    for (const Part& part : programs()) {
        for (const UprobePlace& place : places) {
            if (auto attached = attach_single(part, file, place); !attached) return attached;
        }
    }
    return {};
}

Result<void> FunctionProbe::attach_single(const Part& part, int file, const UprobePlace& place) {
    const std::string path = "/proc/self/fd/" + std::to_string(file);
    bpf_uprobe_opts options{};
    options.sz = sizeof options;
    options.bpf_cookie = place.cookie;
    options.ref_ctr_offset = place.semaphore;
    options.retprobe = part.end == UprobeEnd::kReturn;
    bpf_link* link = bpf_program__attach_uprobe_opts(part.program, -1, path.c_str(), place.file_offset, &options);
    if (link == nullptr) return refusal("cannot attach to functions", errno);
    singles_.push_back({function_of(place), std::unique_ptr<bpf_link, DestroyLink>(link)});
    return {};
}

void FunctionProbe::detach() {
    batches_.clear();
    singles_.clear();
}

Result<std::vector<std::uint64_t>> FunctionProbe::calls() const { return sums_of(bpf_map__fd(skeleton_->maps.calls)); }

Result<std::vector<std::uint64_t>> FunctionProbe::strangers() const {
    return sums_of(bpf_map__fd(skeleton_->maps.strangers));
}

Result<std::vector<std::uint64_t>> FunctionProbe::sums_of(int map) const {
    const auto cpus = static_cast<std::size_t>(libbpf_num_possible_cpus());
    std::vector<std::uint64_t> sums(functions_);
    std::vector<std::uint32_t> keys(kAtOnce);
    std::vector<std::uint64_t> values(kAtOnce * cpus);
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
            part.text.assign(own.text, strnlen(own.text, sizeof own.text));
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
        durations.left += own.left;
        durations.unmatched += own.unmatched;
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
