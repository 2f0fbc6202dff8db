#include "agent/processes/commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t kExitOne = 1U << 8;

class CommandsTest : public testing::Test {
protected:
    void fork(std::uint32_t parent, std::uint32_t child) { commands.on_forked({{1}, Pid{child}, Pid{parent}}); }
    void execute(std::uint32_t pid, const std::string& path, std::uint64_t time, const std::string& arguments = {},
                 std::uint32_t parent = 1) {
        commands.on_executed({.time = {time},
                              .pid = Pid{pid},
                              .comm = "comm",
                              .uid = Uid{33},
                              .parent = Pid{parent},
                              .path = path,
                              .arguments = arguments});
    }
    void exit(std::uint32_t pid, std::uint64_t time, std::uint32_t status = 0) {
        commands.on_exited({{time}, Pid{pid}, status});
    }

    // "7: git status 100-200 ok"
    std::vector<std::string> seen;
    std::vector<LostReason> lost;
    Commands commands{{.service_of = [](Pid pid) { return ServiceId{number(pid)}; },
                       .on_command =
                           [this](const Exchange& command, Uid uid) {
                               EXPECT_EQ(command.kind, Kind::kCommand);
                               EXPECT_EQ(command.role, Role::kClient);
                               EXPECT_EQ(uid, Uid{33});
                               seen.push_back(std::to_string(number(*command.service)) + ": " + std::string(command.method) +
                                              (command.target.empty() ? "" : " ") + std::string(command.target) + " " +
                                              std::to_string(command.begin.nanoseconds) + "-" +
                                              std::to_string(command.end.nanoseconds) + " " + outcome_of(command));
                           },
                       .on_lost = [this](LostReason reason) { lost.push_back(reason); }},
                      2};

private:
    static std::string outcome_of(const Exchange& command) {
        if (command.outcome == Outcome::kUnknown) return "unknown";
        return command.outcome == Outcome::kOk ? "ok" : std::string(command.error_type);
    }
};

TEST_F(CommandsTest, ACommandLastsUntilItsProcessEnds) {
    execute(50, "/usr/bin/git", 100, std::string("git\0status\0", 11), 7);
    EXPECT_THAT(seen, IsEmpty());
    exit(50, 200);
    EXPECT_THAT(seen, ElementsAre("7: git status 100-200 ok"));
}

TEST_F(CommandsTest, ItsOutcomeIsItsExitStatusOrSignal) {
    execute(50, "/bin/false", 100);
    exit(50, 200, kExitOne);
    execute(51, "/bin/sleep", 100);
    exit(51, 200, 9);
    execute(52, "/bin/dumps", 100);
    exit(52, 200, 11 | 0x80);
    EXPECT_THAT(seen, ElementsAre("1: false 100-200 exit 1", "1: sleep 100-200 SIGKILL", "1: dumps 100-200 SIGSEGV"));
}

TEST_F(CommandsTest, WhoForkedItCallsIt) {
    fork(7, 50);
    execute(50, "/bin/true", 100, {}, 1);  // by then its parent had ended
    exit(50, 200);
    EXPECT_THAT(seen, ElementsAre("7: true 100-200 ok"));
}

TEST_F(CommandsTest, AForkAloneIsNoCommand) {
    fork(7, 50);
    exit(50, 200);
    EXPECT_THAT(seen, IsEmpty());
}

TEST_F(CommandsTest, AProgramThatTakesThePlaceOfAnotherIsAUseOfItsOwn) {
    execute(50, "/usr/bin/nice", 100);
    execute(50, "/usr/bin/make", 150);
    exit(50, 200);
    EXPECT_THAT(seen, ElementsAre("1: nice 100-150 ok", "1: make 150-200 ok"));
}

TEST_F(CommandsTest, AnInterpreterInThePlaceOfItsScriptIsTheSameUse) {
    execute(50, "./run.sh", 100, std::string("/usr/bin/env\0bash\0./run.sh\0", 27));
    execute(50, "/usr/bin/bash", 110, std::string("bash\0./run.sh\0", 14));
    exit(50, 200);
    EXPECT_THAT(seen, ElementsAre("1: run.sh 100-200 ok"));
}

TEST_F(CommandsTest, WhatStillRunsWasUsedAndTookNoKnownTime) {
    execute(50, "/bin/sleep", 100);
    commands.session_end();
    EXPECT_THAT(seen, ElementsAre("1: sleep 100-100 unknown"));
    exit(50, 200);
    EXPECT_EQ(seen.size(), 1U);
}

TEST_F(CommandsTest, APathThatWasCutIsCalledByItsComm) {
    execute(50, "/" + std::string(254, 'x'), 100);
    exit(50, 200);
    EXPECT_THAT(seen, ElementsAre("1: comm 100-200 ok"));
}

TEST_F(CommandsTest, WhatIsNoneOfACommandIsNotCounted) {
    execute(50, "", 100);
    exit(50, 200);
    EXPECT_THAT(seen, IsEmpty());
}

TEST_F(CommandsTest, MoreThanAreKeptAreLostUnderAName) {
    for (std::uint32_t pid = 50; pid < 53; ++pid) execute(pid, "/bin/true", 100);
    EXPECT_THAT(lost, ElementsAre(LostReason::kTooManyCommands));
}

}  // namespace
}  // namespace footfall
