#include "agent/stacks/code_history.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace footfall {
namespace {

constexpr Pid kShell{100};
constexpr Pid kChild{101};

CodeMapped mapped(std::uint64_t time, std::uint64_t start, std::uint64_t end, std::string path, Pid pid = kShell) {
    return {pid, {time}, {.start = start, .end = end, .inode = 7, .path = std::move(path)}};
}

class CodeHistoryTest : public testing::Test {
protected:
    // The paths of what is mapped, by address; "unknown" where nothing is known.
    std::vector<std::string> paths(Pid pid, std::uint64_t time) const {
        const auto mappings = history_.at(pid, {time});
        if (!mappings) return {"unknown"};
        std::vector<std::string> found;
        for (const ExecutableMapping& mapping : *mappings) found.push_back(mapping.path);
        return found;
    }

    CodeHistory history_{4};
    using Paths = std::vector<std::string>;
};

TEST_F(CodeHistoryTest, HasWhatWasMappedAtThatTime) {
    history_.on(ProgramBegun{kShell, {10}});
    history_.on(mapped(11, 0x5000, 0x6000, "/bin/sh"));
    history_.on(mapped(15, 0x1000, 0x2000, "/lib/libc.so.6"));
    EXPECT_EQ(paths(kShell, 10), Paths{"unknown"});
    EXPECT_EQ(paths(kShell, 14), Paths{"/bin/sh"});
    EXPECT_EQ(paths(kShell, 15), (Paths{"/lib/libc.so.6", "/bin/sh"}));
}

TEST_F(CodeHistoryTest, TellsOneProgramOfAProcessFromTheNext) {
    history_.on(ProgramBegun{kShell, {10}});
    history_.on(mapped(11, 0x5000, 0x6000, "/bin/sh"));
    history_.on(ProgramBegun{kShell, {20}});
    history_.on(mapped(21, 0x7000, 0x8000, "/bin/date"));
    EXPECT_EQ(paths(kShell, 19), Paths{"/bin/sh"});
    EXPECT_EQ(paths(kShell, 20), Paths{"unknown"});
    EXPECT_EQ(paths(kShell, 30), Paths{"/bin/date"});
}

TEST_F(CodeHistoryTest, ForgetsWhatOtherCodeWasMappedOver) {
    history_.on(ProgramBegun{kShell, {10}});
    history_.on(mapped(11, 0x5000, 0x6000, "a.so"));
    history_.on(mapped(12, 0x5800, 0x7000, "b.so"));
    EXPECT_EQ(paths(kShell, 11), Paths{"a.so"});
    EXPECT_EQ(paths(kShell, 12), Paths{"b.so"});
}

TEST_F(CodeHistoryTest, KnowsNothingOfAProgramWhoseBeginWasNotSeen) {
    history_.on(mapped(11, 0x5000, 0x6000, "late.so"));
    EXPECT_EQ(paths(kShell, 20), Paths{"unknown"});
}

TEST_F(CodeHistoryTest, AChildRunsWhatItsParentDidWhenItWasForked) {
    history_.on(ProgramBegun{kShell, {10}});
    history_.on(mapped(11, 0x5000, 0x6000, "/bin/sh"));
    history_.on(mapped(30, 0x1000, 0x2000, "later.so"));
    history_.on_forked(kShell, kChild, {20});
    EXPECT_EQ(paths(kChild, 40), Paths{"/bin/sh"});
    history_.forget(kShell);
    EXPECT_EQ(paths(kChild, 40), Paths{"/bin/sh"});
}

TEST_F(CodeHistoryTest, AChildWithTheNumberOfAnEarlierProcessHasNothingOfIt) {
    history_.on(ProgramBegun{kChild, {10}});
    history_.on(mapped(11, 0x5000, 0x6000, "/bin/date", kChild));
    history_.on_forked(kShell, kChild, {20});
    EXPECT_EQ(paths(kChild, 21), Paths{"unknown"});
}

TEST_F(CodeHistoryTest, IsBoundedAndLosesTheOldest) {
    for (std::uint32_t pid = 1; pid <= 6; ++pid) {
        history_.on(ProgramBegun{Pid{pid}, {pid}});
        history_.on(mapped(pid, 0x5000, 0x6000, "p", Pid{pid}));
    }
    EXPECT_EQ(paths(Pid{2}, 9), Paths{"unknown"});
    EXPECT_EQ(paths(Pid{3}, 9), Paths{"p"});
    history_.clear();
    EXPECT_EQ(paths(Pid{6}, 9), Paths{"unknown"});
}

TEST_F(CodeHistoryTest, IsBoundedInBytesWhateverPathsProgramsHave) {
    CodeHistory history(4096, 100'000);
    for (std::uint32_t pid = 1; pid <= 1000; ++pid) {
        history.on(ProgramBegun{Pid{pid}, {pid}});
        history.on(mapped(pid, 0x5000, 0x6000, std::string(3000, 'p'), Pid{pid}));
        ASSERT_LE(history.bytes(), 100'000U);
    }
    EXPECT_TRUE(history.at(Pid{1000}, {2000}));
    EXPECT_FALSE(history.at(Pid{1}, {2000}));
    for (std::uint32_t pid = 1; pid <= 1000; ++pid) history.forget(Pid{pid});
    EXPECT_EQ(history.bytes(), 0U);
}

TEST_F(CodeHistoryTest, GivesUpOnAProgramThatMapsWithoutEnd) {
    history_.on(ProgramBegun{kShell, {10}});
    for (std::uint64_t i = 0; i < 5000; ++i) history_.on(mapped(11, 0x5000 + i * 0x1000, 0x6000 + i * 0x1000, "p"));
    EXPECT_EQ(paths(kShell, 20), Paths{"unknown"});
}

}  // namespace
}  // namespace footfall
