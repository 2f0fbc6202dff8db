#include "agent/probes/probe_set.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <processes.skel.h>
#include <sockets.skel.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <numeric>

#include "agent/kernel/libbpf_log.h"
#include "agent/kernel/support.h"
#include "agent/probes/attach.h"
#include "bpf/contract/socket_events.h"
#include "bpf/contract/tls_probe.h"

namespace footfall {
namespace {

constexpr std::size_t kWatchedBytes = std::size_t{FF_WATCHED_WORDS} * sizeof(std::uint64_t);

}  // namespace

void ProbeSet::DestroySockets::operator()(sockets_bpf* skeleton) const { sockets_bpf__destroy(skeleton); }
void ProbeSet::DestroyProcesses::operator()(processes_bpf* skeleton) const { processes_bpf__destroy(skeleton); }

void ProbeSet::Unmap::operator()(std::uint64_t* words) const { munmap(words, kWatchedBytes); }

ProbeSet::ProbeSet(ProbeSet&&) noexcept = default;
ProbeSet& ProbeSet::operator=(ProbeSet&&) noexcept = default;
ProbeSet::~ProbeSet() = default;

Result<ProbeSet> ProbeSet::load(const ProbeSettings& settings) {
    if (auto allowed = check_bpf_allowed(); !allowed) return tl::unexpected<Error>(allowed.error());
    const LibbpfLog log;
    ProbeSet set;
    if (auto loaded = set.load_sockets(settings); !loaded) return tl::unexpected<Error>(loaded.error());
    if (auto loaded = set.load_processes(settings); !loaded) return tl::unexpected<Error>(loaded.error());
    if (auto mapped = set.map_watched(); !mapped) return tl::unexpected<Error>(mapped.error());
    for (const Pid pid : settings.watched) set.watch(pid);
    return set;
}

Result<void> ProbeSet::load_sockets(const ProbeSettings& settings) {
    hook_ = settings.hook;
    sockets_wanted_ = settings.sockets;
    if (hook_ == SocketHook::kAutomatic) {
        hook_ = has_socket_length_tracepoints() ? SocketHook::kSocket : SocketHook::kSyscall;
    }
    sockets_.reset(sockets_bpf__open());
    if (!sockets_) return refusal("cannot open the sockets probe", errno);
    sockets_->rodata->probe_config = settings.who;

    const bool inside = hook_ == SocketHook::kSocket;
    auto& programs = sockets_->progs;
    for (bpf_program* program :
         {programs.socket_sent, programs.socket_received, programs.socket_spliced, programs.socket_state_changed}) {
        bpf_program__set_autoload(program, inside);
    }
    for (bpf_program* program : {programs.syscall_exited, programs.socket_state_by_address}) {
        bpf_program__set_autoload(program, !inside);
    }
    if (!settings.sockets) {
        bpf_program* program = nullptr;
        bpf_object__for_each_program(program, sockets_->obj) bpf_program__set_autoload(program, false);
    }
    auto& maps = sockets_->maps;
    const bool notes_tls = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, nullptr) == 1;
    sockets_->rodata->notes_tls = notes_tls ? 1 : 0;
    bpf_map__set_autocreate(maps.tls_threads, notes_tls);
    bpf_map__set_autocreate(maps.goroutines_received, notes_tls);
    bpf_map__set_autocreate(maps.rustls_places, notes_tls);
    bpf_map__set_autocreate(maps.thread_calls, settings.who.thread_calls != 0);
    bpf_map__set_autocreate(inside ? maps.connections_by_address : maps.connections, false);
    bpf_map__set_max_entries(maps.events, static_cast<std::uint32_t>(settings.ring_bytes));
    if (const int error = sockets_bpf__load(sockets_.get())) return refusal("cannot load the sockets probe", -error);
    return {};
}

Result<void> ProbeSet::load_processes(const ProbeSettings& settings) {
    processes_.reset(processes_bpf__open());
    if (!processes_) return refusal("cannot open the processes probe", errno);
    processes_->rodata->probe_config = settings.who;
    auto& shared = sockets_->maps;
    auto& own = processes_->maps;
    int error = bpf_map__reuse_fd(own.events, bpf_map__fd(shared.events));
    if (error == 0) error = bpf_map__reuse_fd(own.counters, bpf_map__fd(shared.counters));
    if (error == 0) error = bpf_map__reuse_fd(own.watched, bpf_map__fd(shared.watched));
    if (error == 0) error = bpf_map__reuse_fd(own.cpu_clocks, bpf_map__fd(shared.cpu_clocks));
    const bool calls = settings.who.thread_calls != 0;
    bpf_program__set_autoload(processes_->progs.thread_calls_left, calls);
    if (error == 0 && calls) error = bpf_map__reuse_fd(own.thread_calls, bpf_map__fd(shared.thread_calls));
    if (error == 0 && !calls) error = bpf_map__set_autocreate(own.thread_calls, false);
    if (error == 0) error = processes_bpf__load(processes_.get());
    if (error != 0) return refusal("cannot load the processes probe", -error);
    return {};
}

Result<void> ProbeSet::attach() {
    const LibbpfLog log;
    auto& processes = processes_->links;
    auto& sockets = sockets_->links;
    const std::pair<bpf_program*, bpf_link**> programs[] = {
        {processes_->progs.process_forked, &processes.process_forked},
        {processes_->progs.process_executed, &processes.process_executed},
        {processes_->progs.process_exited, &processes.process_exited},
        {sockets_->progs.socket_state_changed, &sockets.socket_state_changed},
        {sockets_->progs.socket_state_by_address, &sockets.socket_state_by_address},
        {sockets_->progs.socket_sent, &sockets.socket_sent},
        {sockets_->progs.socket_received, &sockets.socket_received},
        {sockets_->progs.syscall_exited, &sockets.syscall_exited},
    };
    for (const auto& [program, link] : programs) {
        if (auto attached = attach_program(program, link); !attached) return attached;
    }
    return {};
}

Result<void> ProbeSet::attach_splice() {
    const LibbpfLog log;
    if (sockets_->links.socket_spliced != nullptr) return {};
    return attach_program(sockets_->progs.socket_spliced, &sockets_->links.socket_spliced);
}

Result<void> ProbeSet::tell_calls_left(const std::function<void()>& drain) {
    const LibbpfLog log;
    bpf_program* program = processes_->progs.thread_calls_left;
    if (!bpf_program__autoload(program)) return {};
    processes_->links.thread_calls_left = bpf_program__attach(program);
    constexpr const char* kWhat = "cannot look at what threads have called last";
    if (processes_->links.thread_calls_left == nullptr) return refusal(kWhat, errno);
    return run_iterator(processes_->links.thread_calls_left, kWhat, drain);
}

void ProbeSet::detach() {
    sockets_bpf__detach(sockets_.get());
    processes_bpf__detach(processes_.get());
}

void ProbeSet::follow_tls(ff_tls_probed probed) { sockets_->bss->tls_probed = static_cast<std::uint8_t>(probed); }

bool ProbeSet::watches(Pid pid) const {
    if (number(pid) >= FF_MOST_PIDS) return false;
    const std::uint64_t word = watched_.get()[number(pid) / FF_WATCHED_WORD_BITS];
    return (word >> (number(pid) % FF_WATCHED_WORD_BITS) & 1) != 0;
}

bool ProbeSet::watches_any() const {
    const std::uint64_t* words = watched_.get();
    return std::any_of(words, words + FF_WATCHED_WORDS, [](std::uint64_t word) { return word != 0; });
}

int ProbeSet::ring_fd() const { return bpf_map__fd(sockets_->maps.events); }

SharedMapFds ProbeSet::shared_maps() const {
    const auto& maps = sockets_->maps;
    return {bpf_map__fd(maps.events),        bpf_map__fd(maps.counters),
            bpf_map__fd(maps.watched),       bpf_map__fd(maps.refusals),
            bpf_map__fd(maps.tls_threads),   bpf_map__fd(maps.goroutines_received),
            bpf_map__fd(maps.rustls_places), bpf_map__fd(maps.cpu_clocks),
            bpf_map__fd(maps.thread_calls),  {}};
}

std::vector<int> ProbeSet::program_fds() const {
    std::vector<int> fds;
    const auto& sockets = sockets_->progs;
    const auto& processes = processes_->progs;
    for (const bpf_program* program : {sockets.socket_sent, sockets.socket_received, sockets.socket_spliced,
                                       sockets.socket_state_changed, sockets.socket_state_by_address, sockets.syscall_exited,
                                       processes.process_forked, processes.process_executed, processes.process_exited}) {
        if (const int fd = bpf_program__fd(program); fd >= 0) fds.push_back(fd);
    }
    return fds;
}

KernelCounters ProbeSet::counters() const {
    KernelCounters sums{};
    std::vector<std::uint64_t> per_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    const int fd = bpf_map__fd(sockets_->maps.counters);
    for (std::uint32_t counter = 0; counter < sums.size(); ++counter) {
        if (bpf_map_lookup_elem(fd, &counter, per_cpu.data()) != 0) continue;
        sums[counter] = std::accumulate(per_cpu.begin(), per_cpu.end(), std::uint64_t{0});
    }
    for (const int program : program_fds()) {
        bpf_prog_info info{};
        std::uint32_t size = sizeof(info);
        if (bpf_obj_get_info_by_fd(program, &info, &size) == 0) sums[FF_DROP_PROBE_INTERRUPTED] += info.recursion_misses;
    }
    return sums;
}

void ProbeSet::refuse(std::uint64_t connection, std::uint8_t protocol, bool plaintext) {
    const int fd = bpf_map__fd(sockets_->maps.refusals);
    if (plaintext) connection |= FF_REFUSED_PLAINTEXT;
    std::uint32_t refused = 0;
    bpf_map_lookup_elem(fd, &connection, &refused);
    refused |= std::uint32_t{1} << protocol;
    bpf_map_update_elem(fd, &connection, &refused, BPF_ANY);
}

Result<void> ProbeSet::map_watched() {
    void* words = mmap(nullptr, kWatchedBytes, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(sockets_->maps.watched), 0);
    if (words == MAP_FAILED) return system_failure("cannot map the set of watched processes", errno);
    watched_.reset(static_cast<std::uint64_t*>(words));
    return {};
}

void ProbeSet::set_watched(Pid pid, bool on) {
    if (number(pid) >= FF_MOST_PIDS) return;
    const std::atomic_ref<std::uint64_t> word(watched_.get()[number(pid) / FF_WATCHED_WORD_BITS]);
    const std::uint64_t bit = std::uint64_t{1} << (number(pid) % FF_WATCHED_WORD_BITS);
    if (on) {
        word.fetch_or(bit);
    } else {
        word.fetch_and(~bit);
    }
}

}  // namespace footfall
