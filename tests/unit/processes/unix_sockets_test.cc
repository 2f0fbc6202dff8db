#include "agent/processes/unix_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/base/fd.h"

namespace footfall {
namespace {

TEST(UnixSockets, AnOpenSocketIsListedAndAClosedOneIsNot) {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    Fd one(ends[0]);
    const Fd other(ends[1]);
    struct stat status {};
    ASSERT_EQ(fstat(one.get(), &status), 0);
    const auto inode = static_cast<std::uint32_t>(status.st_ino);

    const auto before = unix_inodes("/proc/self");
    ASSERT_TRUE(before);
    EXPECT_TRUE(before->contains(inode));
    one.reset();
    const auto after = unix_inodes("/proc/self");
    ASSERT_TRUE(after);
    EXPECT_FALSE(after->contains(inode));
}

TEST(UnixSockets, NothingIsKnownOfAProcessThatIsGone) { EXPECT_FALSE(unix_inodes("/proc/4194304")); }

}  // namespace
}  // namespace footfall
