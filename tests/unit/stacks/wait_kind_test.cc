#include "agent/stacks/wait_kind.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <vector>

namespace footfall {
namespace {

using Functions = std::vector<std::string_view>;

TEST(WaitKind, IsToldByTheKernelFunctionThatWaits) {
    EXPECT_EQ(wait_kind(Functions{"schedule", "io_schedule", "folio_wait_bit_common", "filemap_fault"}, -1), WaitKind::kIo);
    EXPECT_EQ(wait_kind(Functions{"schedule", "pipe_read", "vfs_read", "ksys_read"}, SYS_read), WaitKind::kIo);
    EXPECT_EQ(wait_kind(Functions{"schedule", "futex_wait_queue", "futex_wait", "do_futex"}, SYS_futex), WaitKind::kLock);
    EXPECT_EQ(wait_kind(Functions{"schedule", "rwsem_down_read_slowpath", "do_user_addr_fault"}, -1), WaitKind::kLock);
    EXPECT_EQ(wait_kind(Functions{"schedule", "ep_poll", "do_epoll_wait"}, SYS_epoll_wait), WaitKind::kNetwork);
    EXPECT_EQ(wait_kind(Functions{"schedule", "do_nanosleep", "hrtimer_nanosleep"}, SYS_clock_nanosleep), WaitKind::kSleep);
}

TEST(WaitKind, TheFunctionSaysMoreThanTheCall) {
    EXPECT_EQ(wait_kind(Functions{"schedule", "__skb_wait_for_more_packets", "sock_read_iter"}, SYS_read),
              WaitKind::kNetwork)
        << "read() of a socket";
    EXPECT_EQ(wait_kind(Functions{"schedule", "io_schedule", "folio_wait_bit_common"}, SYS_sendto), WaitKind::kIo)
        << "a page of the message had to come from the disk first";
}

TEST(WaitKind, TheInnermostFunctionThatIsKnownDecides) {
    EXPECT_EQ(wait_kind(Functions{"unknown", "__mutex_lock", "pipe_write"}, SYS_write), WaitKind::kLock);
    EXPECT_EQ(wait_kind(Functions{"unknown", "pipe_write", "__mutex_lock"}, SYS_write), WaitKind::kIo);
}

TEST(WaitKind, OnlyTheBeginningOfANameCounts) {
    EXPECT_EQ(wait_kind(Functions{"my_futex"}, -1), WaitKind::kOther);
    EXPECT_EQ(wait_kind(Functions{"futex_lock_pi"}, -1), WaitKind::kLock);
}

TEST(WaitKind, WithoutNamesTheSystemCallTells) {
    for (const Functions& hidden : {Functions{}, Functions{"", ""}, Functions{"schedule"}}) {
        EXPECT_EQ(wait_kind(hidden, SYS_futex), WaitKind::kLock);
        EXPECT_EQ(wait_kind(hidden, SYS_clock_nanosleep), WaitKind::kSleep);
        EXPECT_EQ(wait_kind(hidden, SYS_accept4), WaitKind::kNetwork);
        EXPECT_EQ(wait_kind(hidden, SYS_epoll_pwait2), WaitKind::kNetwork);
        EXPECT_EQ(wait_kind(hidden, SYS_pread64), WaitKind::kIo);
        EXPECT_EQ(wait_kind(hidden, SYS_fdatasync), WaitKind::kIo);
        EXPECT_EQ(wait_kind(hidden, SYS_wait4), WaitKind::kOther);
        EXPECT_EQ(wait_kind(hidden, -1), WaitKind::kOther);
    }
}

TEST(WaitKind, HasTheNamesThatTheSessionFilePromises) {
    EXPECT_EQ(name(WaitKind::kOther), "other");
    EXPECT_EQ(name(WaitKind::kIo), "io");
    EXPECT_EQ(name(WaitKind::kLock), "lock");
    EXPECT_EQ(name(WaitKind::kNetwork), "network");
    EXPECT_EQ(name(WaitKind::kSleep), "sleep");
}

}  // namespace
}  // namespace footfall
