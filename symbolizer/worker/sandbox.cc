#include "symbolizer/worker/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <memory>

namespace footfall {
namespace {

constexpr rlim_t kMaxOpenFiles = 256;

struct FilterDeleter {
    void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterDeleter>;

Result<void> become_nobody() {
    if (getuid() == 0 || geteuid() == 0) {
        if (setgroups(0, nullptr) != 0 || setresgid(kNobodyUser, kNobodyUser, kNobodyUser) != 0 ||
            setresuid(kNobodyUser, kNobodyUser, kNobodyUser) != 0)
            return system_failure("cannot change to the user nobody", errno);
    }
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> none{};
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 || syscall(SYS_capset, &header, none.data()) != 0)
        return system_failure("cannot drop capabilities", errno);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure("cannot give up new privileges", errno);
    return {};
}

Result<void> limit(int resource, rlim_t value, const char* name) {
    const rlimit both{value, value};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &both) != 0)
        return system_failure(std::string("cannot limit ") + name, errno);
    return {};
}

Result<void> set_limits(std::size_t max_memory) {
    if (auto done = limit(RLIMIT_CORE, 0, "core dumps"); !done) return done;
    if (auto done = limit(RLIMIT_NOFILE, kMaxOpenFiles, "open files"); !done) return done;
    // Sanitizers reserve terabytes of address space for their own use.
    if constexpr (kIsSanitized) return {};
    return limit(RLIMIT_AS, max_memory, "memory");
}

// sysinfo: qsort() asks how much memory there is.
constexpr std::array kAllowedCalls = {
    SCMP_SYS(read),         SCMP_SYS(pread64),     SCMP_SYS(recvmsg),
    SCMP_SYS(recvfrom),     SCMP_SYS(write),       SCMP_SYS(pwrite64),
    SCMP_SYS(sendto),       SCMP_SYS(sendmsg),     SCMP_SYS(close),
    SCMP_SYS(lseek),        SCMP_SYS(fstat),       SCMP_SYS(ftruncate),
    SCMP_SYS(brk),          SCMP_SYS(munmap),      SCMP_SYS(mremap),
    SCMP_SYS(madvise),      SCMP_SYS(futex),       SCMP_SYS(clock_gettime),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),  SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield), SCMP_SYS(getrandom),
    SCMP_SYS(sysinfo),
};
// libdw looks for files of its own accord: where its file is, and split or shared DWARF next to it. It finds nothing.
constexpr std::array kRefusedCalls = {SCMP_SYS(open),   SCMP_SYS(openat), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
                                      SCMP_SYS(getcwd), SCMP_SYS(access), SCMP_SYS(stat),     SCMP_SYS(lstat)};
// For the checks of sanitizers and their reports.
constexpr std::array kSanitizerCalls = {SCMP_SYS(sigaltstack), SCMP_SYS(getpid),       SCMP_SYS(gettid),
                                        SCMP_SYS(pipe2),       SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask)};

bool allow_calls(scmp_filter_ctx filter) {
    bool allowed = true;
    for (const int call : kAllowedCalls) allowed = allowed && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
    for (const int call : kRefusedCalls) allowed = allowed && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), call, 0) == 0;
    if constexpr (kIsSanitized) {
        for (const int call : kSanitizerCalls) allowed = allowed && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0) == 0;
    }
    // Memory, as long as it can't be executed.
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        allowed =
            allowed && seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0;
    }
    // libelf asks whether its descriptor is open, glibc for the size of one that is.
    allowed = allowed && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1(SCMP_CMP_EQ, F_GETFD)) == 0;
    return allowed && seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                                       SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH)) == 0;
}

Result<void> forbid_other_calls() {
    const Filter filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
    if (!filter || !allow_calls(filter.get())) return failure("cannot make the system call filter");
    if (const int error = seccomp_load(filter.get()); error != 0)
        return system_failure("cannot load the system call filter", -error);
    return {};
}

// What code that has taken over a helper would want next.
constexpr std::array kRefusedToNetwork = {
    SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(fork),
    SCMP_SYS(vfork),
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kill),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(mount),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(add_key),
    SCMP_SYS(keyctl),
};

Result<void> refuse_dangerous_calls() {
    const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
    bool made = filter != nullptr;
    for (const int call : kRefusedToNetwork)
        made = made && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), call, 0) == 0;
    // Threads only, which resolve names. The flags of clone3() can't be seen; without it, clone() is used.
    made = made && seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0 &&
           seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) == 0;
    if (!made) return failure("cannot make the system call filter");
    if (const int error = seccomp_load(filter.get()); error != 0)
        return system_failure("cannot load the system call filter", -error);
    return {};
}

Result<void> lose_privileges(std::size_t max_memory) {
    if (auto done = become_nobody(); !done) return done;
    // After the change of user, which takes this back.
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return system_failure("cannot follow the parent's end", errno);
    return set_limits(max_memory);
}

}  // namespace

Result<void> enter_sandbox(std::size_t max_memory) {
    if (auto done = lose_privileges(max_memory); !done) return done;
    return forbid_other_calls();
}

Result<void> enter_network_sandbox(std::size_t max_memory, std::uint64_t max_file_bytes) {
    if (auto done = lose_privileges(max_memory); !done) return done;
    if (auto done = limit(RLIMIT_FSIZE, max_file_bytes, "the size of files"); !done) return done;
    return refuse_dangerous_calls();
}

}  // namespace footfall
