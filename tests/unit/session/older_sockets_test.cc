#include "agent/session/older_sockets.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <span>

#include "agent/base/fd.h"

namespace footfall {
namespace {

struct Pair {
    Pair() {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0) one = Fd(ends[0]), other = Fd(ends[1]);
    }
    [[nodiscard]] std::uint32_t inode() const {
        struct stat status {};
        fstat(one.get(), &status);
        return static_cast<std::uint32_t>(status.st_ino);
    }
    Fd one;
    Fd other;
};

ff_connection_event announced(std::uint16_t family, std::uint32_t inode) {
    ff_connection_event event{};
    event.event = {FF_EVENT_CONNECTION, 0, sizeof(event), 1};
    event.connection = 7;
    event.family = family;
    event.inode = inode;
    return event;
}

RawEvent raw_of(const ff_connection_event& event) { return {std::as_bytes(std::span(&event, 1))}; }

TEST(OlderSockets, WasOpenedBeforeWhatWasThereWhenTheSessionBegan) {
    const Pair before;
    OlderSockets older;
    older.note(ProcFs());
    const Pair after;

    const auto marked = older.marked(raw_of(announced(AF_UNIX, before.inode())));
    ASSERT_TRUE(marked);
    EXPECT_EQ(marked->opened_before, 1);
    EXPECT_EQ(marked->connection, 7U);
    EXPECT_FALSE(older.marked(raw_of(announced(AF_UNIX, after.inode()))));
}

TEST(OlderSockets, OtherEventsAreLeftAlone) {
    const Pair before;
    OlderSockets older;
    older.note(ProcFs());

    EXPECT_FALSE(older.marked(raw_of(announced(AF_INET, before.inode()))));
    ff_connection_event other = announced(AF_UNIX, before.inode());
    other.event.kind = FF_EVENT_CLOSE;
    EXPECT_FALSE(older.marked(raw_of(other)));
    EXPECT_FALSE(older.marked({std::as_bytes(std::span(&other.event, 1))}));
}

}  // namespace
}  // namespace footfall
