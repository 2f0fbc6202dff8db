// All probes of one footfall: loads them with their settings, attaches them, and holds what they share (ring, counters, the
// map of watched processes). Everything is gone from the kernel when the set is destroyed, or when footfall dies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "agent/base/ids.h"
#include "agent/base/result.h"
#include "bpf/contract/probe_config.h"
#include "bpf/contract/tls_probe.h"

struct sockets_bpf;
struct processes_bpf;

namespace footfall {

// Which tracepoints see socket traffic: inside of the socket calls (kernel >= 6.5), or at the exit of all system calls.
enum class SocketHook { kAutomatic, kSocket, kSyscall };

struct ProbeSettings {
    ff_probe_config who{};              // who is watched
    std::vector<Pid> watched;           // with who.by_pid
    std::size_t ring_bytes = 8U << 20;  // a power of two, and a multiple of the page size
    SocketHook hook = SocketHook::kAutomatic;
    bool sockets = true;  // false: only processes are followed
};

// Those that stacks are walked by (bpf/lib/walk.h), of the stacks probe; -1: there is none.
struct WalkMapFds {
    int processes = -1;
    int mappings = -1;
    int modules = -1;
    int pages = -1;
    int rows = -1;
    int walks = -1;
    int interpreters = -1;
};

// Maps that probes of other sets may share; borrowed.
struct SharedMapFds {
    int events = -1;
    int counters = -1;
    int watched = -1;
    int refusals = -1;
    int tls_threads = -1;  // where the kernel has what it needs
    int goroutines_received = -1;
    int rustls_places = -1;
    int cpu_clocks = -1;
    int thread_calls = -1;  // with who.thread_calls
    WalkMapFds walk;
};

// Since loading, summed over the CPUs; by enum ff_counter.
using KernelCounters = std::array<std::uint64_t, FF_COUNTERS>;

class ProbeSet {
public:
    // Loads without attaching. Errors: 77 no privilege, 69 the kernel lacks something, 1 the verifier refused.
    static Result<ProbeSet> load(const ProbeSettings& settings);
    ProbeSet(ProbeSet&&) noexcept;
    ProbeSet& operator=(ProbeSet&&) noexcept;
    ~ProbeSet();

    Result<void> attach();
    // Also sees what splice() takes from sockets, which costs every receive of the host; attach() leaves it out.
    Result<void> attach_splice();
    // With who.thread_calls, what threads have called since their last message; drain: empties the ring meanwhile. Once,
    // behind detach(), and when no function is probed any more.
    Result<void> tell_calls_left(const std::function<void()>& drain);
    // No program runs any more when it returns; what is in the ring stays there.
    void detach();

    [[nodiscard]] SocketHook hook() const { return hook_; }
    [[nodiscard]] int ring_fd() const;
    [[nodiscard]] SharedMapFds shared_maps() const;
    [[nodiscard]] std::vector<int> program_fds() const;
    // FF_DROP_PROBE_INTERRUPTED is the kernel's own count.
    [[nodiscard]] KernelCounters counters() const;

    // Takes a process onto or off the map of watched processes. Thread-safe against the kernel side, which follows forks.
    void watch(Pid pid) { set_watched(pid, true); }
    void unwatch(Pid pid) { set_watched(pid, false); }
    // The connection, or what it says in TLS, does not speak that protocol (number by protocols.def): the kernel side looks
    // for another one.
    void refuse(std::uint64_t connection, std::uint8_t protocol, bool plaintext);
    // From now on, the tls probe tells which calls are inside of a TLS library.
    void follow_tls(ff_tls_probed probed);
    [[nodiscard]] bool watches_any() const;
    [[nodiscard]] bool watches(Pid pid) const;

private:
    struct DestroySockets {
        void operator()(sockets_bpf* skeleton) const;
    };
    struct DestroyProcesses {
        void operator()(processes_bpf* skeleton) const;
    };
    struct Unmap {
        void operator()(std::uint64_t* words) const;
    };
    ProbeSet() = default;
    void set_watched(Pid pid, bool on);
    Result<void> map_watched();
    Result<void> load_sockets(const ProbeSettings& settings);
    Result<void> load_processes(const ProbeSettings& settings);

    SocketHook hook_ = SocketHook::kSocket;
    bool sockets_wanted_ = true;
    std::unique_ptr<sockets_bpf, DestroySockets> sockets_;
    std::unique_ptr<processes_bpf, DestroyProcesses> processes_;  // shares the maps of sockets_
    std::unique_ptr<std::uint64_t, Unmap> watched_;               // the map's own memory: bits by pid
};

}  // namespace footfall
