// In which processes a file's functions are probed.
#include "agent/probes/probed_processes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace footfall {
namespace {

using testing::ElementsAre;

TEST(ProbedProcesses, WithoutAnyAreAll) {
    ProbedProcesses probed;
    EXPECT_TRUE(probed.everywhere());
    EXPECT_FALSE(probed.add(Pid{5})) << "it has the probes already";
    EXPECT_FALSE(probed.on_forked(Pid{5}, Pid{6}, true));
}

TEST(ProbedProcesses, AreJoinedByTheirChildren) {
    ProbedProcesses probed({Pid{1}});
    EXPECT_TRUE(probed.on_forked(Pid{1}, Pid{2}, true));
    EXPECT_FALSE(probed.on_forked(Pid{7}, Pid{8}, true)) << "that is a stranger's child";
    EXPECT_FALSE(probed.add(Pid{2})) << "it is there";
    EXPECT_THAT(probed.processes(), ElementsAre(Pid{1}, Pid{2}));
}

TEST(ProbedProcesses, AreJoinedByTheChildOfAChildThatHasEnded) {
    ProbedProcesses probed({Pid{1}});
    EXPECT_FALSE(probed.on_forked(Pid{1}, Pid{2}, false));
    EXPECT_TRUE(probed.on_forked(Pid{2}, Pid{3}, true)) << "as daemons are begun";
    EXPECT_THAT(probed.processes(), ElementsAre(Pid{1}, Pid{3}));
}

TEST(ProbedProcesses, ThatHaveEndedMayComeBackAsAnother) {
    ProbedProcesses probed({Pid{1}});
    probed.on_exited(Pid{1});
    EXPECT_FALSE(probed.everywhere()) << "none is not all";
    EXPECT_FALSE(probed.on_forked(Pid{1}, Pid{2}, true)) << "the pid is a stranger's by now";
    EXPECT_TRUE(probed.add(Pid{1}));
}

TEST(ProbedProcesses, ThatAreManyAreAll) {
    ProbedProcesses probed({Pid{1}});
    for (std::uint32_t pid = 2; pid <= ProbedProcesses::kMost + 1; ++pid) EXPECT_TRUE(probed.add(Pid{pid}));
    EXPECT_TRUE(probed.everywhere());
    EXPECT_TRUE(probed.processes().empty());
}

TEST(ProbedProcesses, ThatComeAndGoAllTheTimeAreAll) {
    ProbedProcesses probed({Pid{1}});
    for (std::uint32_t pid = 2; pid <= ProbedProcesses::kMostChanges + 1; ++pid) {
        EXPECT_FALSE(probed.everywhere());
        probed.add(Pid{pid});
        probed.on_exited(Pid{pid});
    }
    probed.add(Pid{1000});
    EXPECT_TRUE(probed.everywhere());
}

}  // namespace
}  // namespace footfall
