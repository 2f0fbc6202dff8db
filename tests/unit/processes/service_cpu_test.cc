#include "agent/processes/service_cpu.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>

namespace footfall {
namespace {

constexpr ServiceId kShop{1};
constexpr ServiceId kMail{2};

class ServiceCpuTest : public testing::Test {
protected:
    std::uint64_t of(ServiceId service) const {
        const auto sums = cpu_.sums();
        const auto found = sums.find(service);
        return found == sums.end() ? 0 : found->second;
    }
    void exits(Pid pid, std::uint64_t cpu) {
        clocks_.erase(pid);
        cpu_.on_exited({{}, pid, 0, cpu});
    }

    std::map<Pid, std::uint64_t> clocks_;
    ServiceCpu cpu_{[this](Pid pid) {
        const auto found = clocks_.find(pid);
        return found == clocks_.end() ? std::nullopt : std::optional(found->second);
    }};
};

TEST_F(ServiceCpuTest, CountsFromWhenAProcessIsMet) {
    clocks_[Pid{1}] = 500;
    cpu_.on_met(Pid{1}, kShop);
    EXPECT_EQ(of(kShop), 0U);
    clocks_[Pid{1}] = 800;
    EXPECT_EQ(of(kShop), 300U);
}

TEST_F(ServiceCpuTest, CountsAChildFromItsStartAndToItsEnd) {
    clocks_[Pid{1}] = 500;
    cpu_.on_met(Pid{1}, kShop);
    cpu_.on_forked({{}, Pid{2}, Pid{1}});
    exits(Pid{2}, 70);
    EXPECT_EQ(of(kShop), 70U);
}

TEST_F(ServiceCpuTest, WhatAChildRanBeforeItExecutedIsItsParents) {
    clocks_[Pid{1}] = 0;
    cpu_.on_met(Pid{1}, kShop);
    cpu_.on_forked({{}, Pid{2}, Pid{1}});
    clocks_[Pid{2}] = 40;
    cpu_.on_met(Pid{2}, kMail);
    exits(Pid{2}, 100);
    EXPECT_EQ(of(kShop), 40U);
    EXPECT_EQ(of(kMail), 60U);
}

TEST_F(ServiceCpuTest, NeverGoesDownWhileTheExitOfAProcessIsStillToBeHeardOf) {
    clocks_[Pid{1}] = 0;
    cpu_.on_met(Pid{1}, kShop);
    clocks_[Pid{1}] = 300;
    EXPECT_EQ(of(kShop), 300U);
    clocks_.erase(Pid{1});
    EXPECT_EQ(of(kShop), 300U);
    exits(Pid{1}, 310);
    EXPECT_EQ(of(kShop), 310U);
}

TEST_F(ServiceCpuTest, WhatAProcessRunsOnceItHasExecutedIsNotWhatItWasBefore) {
    clocks_[Pid{1}] = 0;
    cpu_.on_met(Pid{1}, kShop);
    clocks_[Pid{1}] = 30;
    cpu_.on_executed(Pid{1}, true);
    clocks_[Pid{1}] = 500;
    EXPECT_EQ(of(kShop), 30U);
    cpu_.on_met(Pid{1}, kMail);
    exits(Pid{1}, 900);
    EXPECT_EQ(of(kShop), 30U);
    EXPECT_EQ(of(kMail), 870U);
}

TEST_F(ServiceCpuTest, AProcessThatIsNotWatchedAnyMoreIsForgotten) {
    clocks_[Pid{1}] = 0;
    cpu_.on_met(Pid{1}, kShop);
    clocks_[Pid{1}] = 30;
    cpu_.on_executed(Pid{1}, false);
    clocks_[Pid{1}] = 500;
    EXPECT_EQ(of(kShop), 30U);
}

TEST_F(ServiceCpuTest, APidThatIsForkedAgainWasSomebodyElses) {
    clocks_[Pid{1}] = 0;
    cpu_.on_met(Pid{1}, kShop);
    cpu_.on_forked({{}, Pid{2}, Pid{1}});
    clocks_[Pid{2}] = 300;
    EXPECT_EQ(of(kShop), 300U);
    cpu_.on_forked({{}, Pid{2}, Pid{1}});  // the exit was lost
    clocks_[Pid{2}] = 5;
    EXPECT_EQ(of(kShop), 305U);
}

TEST_F(ServiceCpuTest, OfAReplayNothingIsKnown) {
    ServiceCpu replayed{{}};
    replayed.on_met(Pid{1}, kShop);
    replayed.on_forked({{}, Pid{2}, Pid{1}});
    replayed.on_exited({{}, Pid{2}, 0, 100});
    EXPECT_TRUE(replayed.sums().empty());
}

TEST(ProcessCpu, IsThatOfAllThreadsAndOfOtherProcesses) {
    const std::optional<std::uint64_t> own = cpu_of_process(Pid{static_cast<std::uint32_t>(getpid())});
    ASSERT_TRUE(own);
    EXPECT_GT(*own, 0U);
    const pid_t child = fork();
    if (child == 0) {
        pause();
        _exit(0);
    }
    EXPECT_TRUE(cpu_of_process(Pid{static_cast<std::uint32_t>(child)}));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    EXPECT_FALSE(cpu_of_process(Pid{static_cast<std::uint32_t>(child)}));
}

}  // namespace
}  // namespace footfall
