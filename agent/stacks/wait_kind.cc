#include "agent/stacks/wait_kind.h"

#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <optional>

namespace footfall {
namespace {

struct NamedWait {
    std::string_view prefix;  // of a kernel function's name
    WaitKind kind;
};

// The innermost function that one of these fits decides.
constexpr std::array kWaits{
    NamedWait{"io_schedule", WaitKind::kIo},
    NamedWait{"folio_wait", WaitKind::kIo},
    NamedWait{"wait_on_page", WaitKind::kIo},
    NamedWait{"wait_on_buffer", WaitKind::kIo},
    NamedWait{"jbd2_log_wait", WaitKind::kIo},
    NamedWait{"blk_", WaitKind::kIo},
    NamedWait{"pipe_", WaitKind::kIo},
    NamedWait{"anon_pipe_", WaitKind::kIo},
    NamedWait{"n_tty_read", WaitKind::kIo},
    NamedWait{"fuse_", WaitKind::kIo},
    NamedWait{"futex", WaitKind::kLock},
    NamedWait{"__futex", WaitKind::kLock},
    NamedWait{"do_futex", WaitKind::kLock},
    NamedWait{"mutex_lock", WaitKind::kLock},
    NamedWait{"__mutex_lock", WaitKind::kLock},
    NamedWait{"rwsem_down", WaitKind::kLock},
    NamedWait{"down_", WaitKind::kLock},
    NamedWait{"fcntl_setlk", WaitKind::kLock},
    NamedWait{"flock_lock", WaitKind::kLock},
    NamedWait{"hrtimer_nanosleep", WaitKind::kSleep},
    NamedWait{"do_nanosleep", WaitKind::kSleep},
    NamedWait{"common_nsleep", WaitKind::kSleep},
    NamedWait{"sk_wait", WaitKind::kNetwork},
    NamedWait{"sk_stream_wait", WaitKind::kNetwork},
    NamedWait{"inet_csk_accept", WaitKind::kNetwork},
    NamedWait{"inet_csk_wait", WaitKind::kNetwork},
    NamedWait{"inet_wait", WaitKind::kNetwork},
    NamedWait{"__skb_wait", WaitKind::kNetwork},
    NamedWait{"unix_stream", WaitKind::kNetwork},
    NamedWait{"unix_wait", WaitKind::kNetwork},
    NamedWait{"tcp_", WaitKind::kNetwork},
    NamedWait{"ep_poll", WaitKind::kNetwork},
    NamedWait{"do_epoll", WaitKind::kNetwork},
    NamedWait{"poll_schedule", WaitKind::kNetwork},
    NamedWait{"do_sys_poll", WaitKind::kNetwork},
    NamedWait{"do_select", WaitKind::kNetwork},
    NamedWait{"io_cqring_wait", WaitKind::kNetwork},
};

WaitKind kind_of_call(std::int32_t system_call) {
    switch (system_call) {
        case SYS_futex:
        case SYS_flock:
            return WaitKind::kLock;
        case SYS_nanosleep:
        case SYS_clock_nanosleep:
        case SYS_pause:
            return WaitKind::kSleep;
        case SYS_poll:
        case SYS_ppoll:
        case SYS_select:
        case SYS_pselect6:
        case SYS_epoll_wait:
        case SYS_epoll_pwait:
        case SYS_epoll_pwait2:
        case SYS_accept:
        case SYS_accept4:
        case SYS_connect:
        case SYS_recvfrom:
        case SYS_recvmsg:
        case SYS_recvmmsg:
        case SYS_sendto:
        case SYS_sendmsg:
        case SYS_sendmmsg:
            return WaitKind::kNetwork;
        case SYS_read:
        case SYS_readv:
        case SYS_pread64:
        case SYS_write:
        case SYS_writev:
        case SYS_pwrite64:
        case SYS_fsync:
        case SYS_fdatasync:
            return WaitKind::kIo;
        default:
            return WaitKind::kOther;
    }
}

}  // namespace

std::string_view name(WaitKind kind) {
    switch (kind) {
        case WaitKind::kOther:
            return "other";
        case WaitKind::kIo:
            return "io";
        case WaitKind::kLock:
            return "lock";
        case WaitKind::kNetwork:
            return "network";
        case WaitKind::kSleep:
            return "sleep";
    }
    __builtin_unreachable();
}

WaitKind wait_kind(std::span<const std::string_view> kernel, std::int32_t system_call) {
    for (const std::string_view function : kernel) {
        const auto* const known = std::find_if(kWaits.begin(), kWaits.end(),
                                               [&](const NamedWait& wait) { return function.starts_with(wait.prefix); });
        if (known != kWaits.end()) return known->kind;
    }
    return kind_of_call(system_call);
}

}  // namespace footfall
