#include "agent/stacks/perf_map_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "agent/stacks/stack_symbols.h"
#include "tests/unit/stacks/own_worker.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

constexpr Uid kShop{12'345};
constexpr Uid kOther{12'346};
constexpr std::uint64_t kCode = 0x7f0000001000;

TEST(ProcessUsersTest, AreTheLastThatWereNoted) {
    ProcessUsers users;
    EXPECT_EQ(users.of(Pid{812}), std::nullopt);
    users.note(Pid{812}, kShop);
    EXPECT_EQ(users.of(Pid{812}), kShop);
    users.note(Pid{812}, kOther);
    EXPECT_EQ(users.of(Pid{812}), kOther);
}

TEST(ProcessUsersTest, AreBounded) {
    ProcessUsers users(2);
    for (const std::uint32_t pid : {1U, 2U, 2U, 3U}) users.note(Pid{pid}, kShop);
    EXPECT_EQ(users.of(Pid{1}), std::nullopt);
    EXPECT_EQ(users.of(Pid{2}), kShop);
    EXPECT_EQ(users.of(Pid{3}), kShop);
}

// The map of a process that has ended, in /tmp, where everybody may write.
class PerfMapOfAnEndedProcess : public testing::Test {
protected:
    void SetUp() override {
        if (getuid() != 0) GTEST_SKIP() << "only root can make a file of another user";
        const pid_t child = fork();
        if (child == 0) _exit(0);
        waitpid(child, nullptr, 0);
        pid_ = Pid{static_cast<std::uint32_t>(child)};
        path_ = "/tmp/perf-" + std::to_string(child) + ".map";
        write_contents(path_, "7f0000001000 40 handler\n");
    }
    void TearDown() override {
        if (!path_.empty()) unlink(path_.c_str());
    }
    void belongs_to(Uid user) const { ASSERT_EQ(chown(path_.c_str(), number(user), number(user)), 0); }
    [[nodiscard]] Miss miss_for(std::optional<Uid> user) const {
        const auto file = open_perf_map(pid_, user);
        return file ? Miss::kNone : file.error();
    }
    // What fill_stacks() makes of an address in it.
    [[nodiscard]] std::string name_for(std::optional<Uid> user) const {
        StackCapture capture;
        if (user) capture.users.emplace(pid_, *user);
        Sample sample;
        sample.pid = pid_;
        sample.user = {{0, kCode + 16, false}};
        capture.samples.push_back(sample);
        SymbolizerClient client(loader_without_worker("").worker);
        Stacks stacks;
        fill_stacks(capture, client, stacks);
        const Location& location = stacks.locations(static_cast<int>(stacks.samples(0).locations(0)));
        const std::uint32_t text = location.lines_size() > 0 ? location.lines(0).function() : location.miss();
        return stacks.strings(static_cast<int>(text));
    }

    Pid pid_{};
    std::string path_;
};

TEST_F(PerfMapOfAnEndedProcess, IsBelievedOfTheUserThatItHad) {
    belongs_to(kShop);
    EXPECT_EQ(miss_for(kShop), Miss::kNone);
    EXPECT_EQ(name_for(kShop), "handler");
}

TEST_F(PerfMapOfAnEndedProcess, IsNotBelievedOfAnybodyElse) {
    belongs_to(kOther);
    EXPECT_EQ(miss_for(kShop), Miss::kForeignMap);
    EXPECT_EQ(miss_for(Uid{0}), Miss::kForeignMap);
    EXPECT_EQ(name_for(kShop), text_of(Miss::kForeignMap));
}

TEST_F(PerfMapOfAnEndedProcess, IsBelievedOfRootOnlyWhereTheUserIsNotKnown) {
    EXPECT_EQ(miss_for(std::nullopt), Miss::kNone);
    EXPECT_EQ(miss_for(kShop), Miss::kNone) << "root could write anything anyway";
    belongs_to(kShop);
    EXPECT_EQ(miss_for(std::nullopt), Miss::kForeignMap);
    EXPECT_EQ(name_for(std::nullopt), text_of(Miss::kForeignMap));
}

TEST_F(PerfMapOfAnEndedProcess, IsARegularFileThatIsThere) {
    unlink(path_.c_str());
    EXPECT_EQ(miss_for(Uid{0}), Miss::kNoMap);
    ASSERT_EQ(symlink("/etc/hostname", path_.c_str()), 0);
    EXPECT_EQ(miss_for(Uid{0}), Miss::kNoMap);
    unlink(path_.c_str());
    ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
    EXPECT_EQ(miss_for(Uid{0}), Miss::kForeignMap) << "without waiting for its other end";
}

}  // namespace
}  // namespace footfall
