// Stacks whose tables are not there yet: kept, completed, given up.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "tests/unit/stacks/collector_world.h"

namespace footfall {
namespace {

class Collector : public CollectorTest {};

// A child with this program's memory, which executes something else when it is told to.
class Child {
public:
    Child() {
        EXPECT_EQ(pipe2(ends_.data(), O_CLOEXEC), 0);
        pid_ = fork();
        if (pid_ != 0) return;
        close(ends_[1]);
        char byte = 0;
        if (read(ends_[0], &byte, 1) == 1) execl("/bin/sleep", "sleep", "30", nullptr);
        _exit(0);
    }
    ~Child() { end(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void execute() {
        EXPECT_EQ(write(ends_[1], "x", 1), 1);
        for (int i = 0; i < 5000 && !executed(); ++i) usleep(1000);
        EXPECT_TRUE(executed());
    }
    void end() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        for (const int fd : ends_) close(fd);
        pid_ = -1;
    }
    [[nodiscard]] Pid pid() const { return Pid{static_cast<std::uint32_t>(pid_)}; }

private:
    // The new code is there, down to the vDSO, which comes last.
    [[nodiscard]] bool executed() const {
        const auto maps = read_executable_maps(pid(), 4096);
        if (!maps || maps->mappings[0].path == std::filesystem::read_symlink("/proc/self/exe")) return false;
        return std::any_of(maps->mappings.begin(), maps->mappings.end(), [](const auto& m) { return m.path == "[vdso]"; });
    }

    std::array<int, 2> ends_{};
    pid_t pid_ = -1;
};

TEST_F(Collector, AStackThatTheKernelSideHasWalkedIsASampleAtOnce) {
    collector().on(Stack().with_frames({0x0003'0000'0000'1234, 0x0001'7fff'ffff'ffff}, {0xffffffff81000000}).taken);
    const Sample sample = only_sample();
    EXPECT_EQ(sample.service, kService);
    EXPECT_EQ(sample.thread, "worker");
    EXPECT_EQ(sample.user, (std::vector<UserFrame>{{3, 0x1234, false}, {1, 0x7fff'ffff'ffff, false}}));
    EXPECT_EQ(sample.kernel, (std::vector<std::uint64_t>{0xffffffff81000000}));
    EXPECT_EQ(sample.nanoseconds, 10U);
    EXPECT_EQ(sample.samples, 1);
    EXPECT_TRUE(kernel_.processes.empty()) << "nothing had to be looked at";
}

TEST_F(Collector, AStackWhoseTablesAreMissingIsKeptAndCompletedWhenTheyCome) {
    collector().on(Stack().with_copy(own_).with_frames({0x10}, {0xffffffff81000000}).taken);
    EXPECT_TRUE(collector().busy());
    EXPECT_TRUE(samples().empty());
    finish();
    const Sample sample = only_sample();
    expect_whole(sample);
    EXPECT_EQ(sample.thread, "worker");
    EXPECT_EQ(sample.nanoseconds, 10U);
    EXPECT_EQ(sample.kernel.size(), 1U) << "what the kernel side had of its own stays";
}

TEST_F(Collector, ACopyThatBeginsBelowTheStackPointerIsWalkedFromThere) {
    lower(own_, 128);
    collector().on(Stack().with_copy(own_).taken);
    finish();
    expect_whole(only_sample());
}

TEST_F(Collector, WhatOneStackNeededIsThereForTheNext) {
    know_own_tables();
    const OwnStack next = own_stack();
    collector().on(Stack().with_copy(next, StopReason::NO_TABLE).taken);
    EXPECT_FALSE(collector().busy());
    own_.ip = next.ip;
    own_.caller = next.caller;
    expect_whole(only_sample());
}

TEST_F(Collector, TheKernelSideGetsWhatItLacked) {
    know_own_tables();
    ASSERT_TRUE(kernel_.processes.contains(self_));
    const auto& [mappings, memory] = kernel_.processes.at(self_);
    EXPECT_GT(memory.executable_pages, 0U);
    EXPECT_NE(memory.stack_start, 0U);
    EXPECT_TRUE(
        std::is_sorted(mappings.begin(), mappings.end(), [](const auto& a, const auto& b) { return a.start < b.start; }));
    for (const std::uint64_t address : {own_.ip, own_.caller}) {
        const auto holds = [&](const PlacedMapping& m) { return m.start <= address && address < m.end; };
        const auto found = std::find_if(mappings.begin(), mappings.end(), holds);
        ASSERT_NE(found, mappings.end());
        EXPECT_TRUE(kernel_.tables.contains(found->module));
    }
    EXPECT_LT(kernel_.tables.size(), collector().modules().count() - 1) << "only tables of what was in a stack";
}

TEST_F(Collector, AProcessThatExitsMeanwhileIsForgottenButItsStackIsStillCompleted) {
    Child child;
    const Pid pid = child.pid();
    collector().on(Stack().of(pid).with_copy(own_).taken);
    child.end();
    collector().processes().on_exited(pid);
    finish();
    expect_whole(only_sample());
    EXPECT_FALSE(kernel_.processes.contains(pid));
}

TEST_F(Collector, AProcessThatExecutesMeanwhileHasItsOldStackWalkedByItsOldCode) {
    Child child;
    collector().on(Stack().of(child.pid()).with_copy(own_).taken);
    child.execute();
    collector().processes().on_executed(child.pid());
    collector().on(Stack(later(1)).executing(child.pid()).with_copy({.ip = 0x10, .bytes = own_.bytes}).taken);
    finish();
    const std::vector<Sample> all = samples();
    ASSERT_EQ(all.size(), 2U);
    const bool first = all[0].user.size() > all[1].user.size();
    expect_whole(all[first ? 0 : 1]);
    const auto& mappings = kernel_.processes.at(child.pid()).mappings;
    const auto holds = [&](const PlacedMapping& m) { return m.start <= own_.ip && own_.ip < m.end; };
    EXPECT_TRUE(std::none_of(mappings.begin(), mappings.end(), holds)) << "the kernel side knows the new code only";
}

TEST_F(Collector, AnExecutionThatWasNotHeardOfLeavesTheOldStackToItsOldCode) {
    Child child;
    collector().on(Stack().of(child.pid()).with_copy(own_).with_frames({0x0001'0000'0000'0010}).taken);
    child.execute();
    collector().on(Stack(later(1)).executing(child.pid()).with_copy({.ip = 0x10, .bytes = own_.bytes}).taken);
    finish();
    const std::vector<Sample> all = samples();
    ASSERT_EQ(all.size(), 2U);
    expect_whole(all[all[0].user.size() > all[1].user.size() ? 0 : 1]);
}

TEST_F(Collector, AStackOfAProgramThatIsNoMoreIsNotWalkedByTheNext) {
    Child child;
    child.execute();
    // Taken before, and looked at after; the kernel side's frames are all that there will be.
    collector().on(Stack().of(child.pid()).with_copy(own_).with_frames({0x0001'0000'0000'0010}).taken);
    EXPECT_FALSE(collector().busy());
    EXPECT_EQ(only_sample().user, (std::vector<UserFrame>{{1, 0x10, false}}));
}

TEST_F(Collector, AProcessThatIsGoneAlreadyLeavesWhatTheKernelSideHadFound) {
    Child child;
    const Pid pid = child.pid();
    child.end();
    collector().on(Stack().of(pid).with_copy(own_).with_frames({0x0001'0000'0000'0010}).taken);
    EXPECT_FALSE(collector().busy());
    const Sample sample = only_sample();
    EXPECT_EQ(sample.stop, StopReason::NO_MAPPING);
    EXPECT_EQ(sample.user.size(), 1U);
    EXPECT_EQ(sample.nanoseconds, 10U);
}

// What the kernel would have recorded of this very program, had it executed as that process.
void record_own_code(StackCollector& collector, Pid pid) {
    const auto maps = read_executable_maps(Pid{static_cast<std::uint32_t>(getpid())}, 4096);
    ASSERT_TRUE(maps);
    collector.processes().on(ProgramBegun{pid, {kStart.nanoseconds - 2}});
    for (const ExecutableMapping& mapping : maps->mappings) {
        collector.processes().on(CodeMapped{pid, {kStart.nanoseconds - 1}, mapping});
    }
}

TEST_F(Collector, AProcessThatIsGoneAlreadyIsWalkedByWhatTheKernelRecordedOfIt) {
    constexpr Pid kGone{4'190'001};
    collector().processes().set_code_records([&] { record_own_code(collector(), kGone); });
    collector().on(Stack().of(kGone).with_copy(own_).taken);
    finish();
    expect_whole(only_sample());
    EXPECT_FALSE(kernel_.processes.contains(kGone));
}

TEST_F(Collector, AChildThatIsGoneAlreadyIsWalkedByWhatWasRecordedOfItsParent) {
    constexpr Pid kGoneParent{4'190'001};
    constexpr Pid kGone{4'190'002};
    record_own_code(collector(), kGoneParent);
    collector().processes().on_forked(kGoneParent, kGone, kStart);
    collector().processes().on_exited(kGoneParent);
    collector().on(Stack(later(1)).of(kGone).with_copy(own_).taken);
    finish();
    expect_whole(only_sample());
}

TEST_F(Collector, RecordsThatWereLostMakeNoStackUp) {
    constexpr Pid kGone{4'190'001};
    record_own_code(collector(), kGone);
    collector().processes().on_code_records_lost();
    collector().on(Stack().of(kGone).with_frames({1}).with_copy(own_).taken);
    EXPECT_EQ(only_sample().stop, StopReason::NO_MAPPING);
}

TEST_F(Collector, WhenRecordsWereLostTheKernelSideWalksByNoMappingsOfBefore) {
    know_own_tables();
    ASSERT_TRUE(kernel_.processes.contains(self_));
    collector().processes().on_code_records_lost();
    EXPECT_TRUE(kernel_.processes.empty());
}

// A program that maps code all the time must not have /proc read all the time.
TEST_F(Collector, CodeThatIsMappedIsLaidOverWhatIsKnown) {
    know_own_tables();
    const std::uint64_t pages_before = kernel_.processes[self_].memory.executable_pages;
    const ExecutableMapping made{.start = 0x10000, .end = 0x12000};
    collector().processes().on(CodeMapped{self_, later(1), made});
    EXPECT_FALSE(kernel_.processes.contains(self_)) << "it walks no further by what it knows";
    collector().on(Stack(later(2)).with_copy(own_).taken);
    expect_whole(only_sample());
    ASSERT_TRUE(kernel_.processes.contains(self_));
    EXPECT_EQ(kernel_.processes[self_].mappings.front().start, made.start) << "/proc does not know of it";
    EXPECT_EQ(kernel_.processes[self_].memory.executable_pages, pages_before + 2);
}

TEST_F(Collector, CodeOfTheNextProgramIsNotLaidOverTheLast) {
    know_own_tables();
    collector().processes().on(ProgramBegun{self_, later(1)});
    EXPECT_FALSE(kernel_.processes.contains(self_));
    ExecutableMapping other = read_executable_maps(self_, 4096)->mappings.front();
    other.inode += 1;
    collector().processes().on(CodeMapped{self_, later(2), other});
    collector().on(Stack(later(0)).with_copy(own_).taken);
    finish();
    expect_whole(only_sample());
}

TEST_F(Collector, RecordsThatAreLostAgainAndAgainDoNotHaveProcReadAgainAndAgain) {
    know_own_tables();
    collector().processes().on_code_records_lost();
    collector().on(Stack(later(1000)).with_frames({1}).with_copy(own_).taken);
    EXPECT_EQ(only_sample().stop, StopReason::NO_MAPPING) << "what was just read is believed no more, nor read again";
    collector().clear_profiles();
    collector().on(Stack(later(kSecond)).with_copy(own_).taken);
    expect_whole(only_sample());
}

TEST_F(Collector, AThreadThatIsBetweenTwoProgramsHasNoUserStack) {
    constexpr Pid kGone{4'190'001};
    Stack executing = Stack().of(kGone).with_copy(own_);
    executing.taken.system_call = SYS_execve;
    collector().on(executing.taken);
    EXPECT_EQ(only_sample().stop, StopReason::NO_USER_STACK);
}

TEST_F(Collector, ExitAndExecutionAreToldToTheKernelSide) {
    know_own_tables();
    collector().processes().on_executed(self_);
    EXPECT_FALSE(kernel_.processes.contains(self_));
    collector().on(Stack().with_copy(own_).taken);
    EXPECT_TRUE(kernel_.processes.contains(self_)) << "looked at anew";
    collector().processes().on_exited(self_);
    EXPECT_FALSE(kernel_.processes.contains(self_));
}

TEST_F(Collector, WhatIsCopiedBeyondTheLimitKeepsTheFramesOfTheKernelSide) {
    options_.most_copied_bytes = own_.bytes.size() + 100;
    collector().on(Stack().with_copy(own_).taken);
    collector().on(Stack().with_copy(own_).with_frames({0x0001'0000'0000'0010}).taken);
    EXPECT_EQ(collector().copies_without_room(), 1U);
    const Sample cut = only_sample();
    EXPECT_EQ(cut.stop, StopReason::NO_ROOM);
    EXPECT_EQ(cut.user, (std::vector<UserFrame>{{1, 0x10, false}}));
    finish();
    EXPECT_EQ(samples().size(), 2U) << "the first one is complete";
}

TEST_F(Collector, ACopyThatIsDoneWithMakesRoomForTheNext) {
    options_.most_copied_bytes = own_.bytes.size() + 100;
    for (const std::uint64_t round : {1, 2, 3}) {
        Child child;  // a process of its own each, which has to be looked at first
        collector().on(Stack(later(round)).of(child.pid()).with_copy(own_).taken);
        finish(later(round));
        expect_whole(only_sample());
        EXPECT_EQ(only_sample().samples, static_cast<double>(round));
    }
}

TEST_F(Collector, PatienceWithATableThatDoesNotComeEnds) {
    collector().on(Stack().with_copy(own_).with_frames({0x0001'0000'0000'0010}).taken);
    collector().advance(later(options_.patience_nanoseconds - 1));
    EXPECT_TRUE(samples().empty());
    collector().advance(later(options_.patience_nanoseconds));
    EXPECT_FALSE(collector().busy());
    EXPECT_EQ(only_sample().stop, StopReason::NO_MAPPING);
    EXPECT_EQ(only_sample().user.size(), 1U);
}

TEST_F(Collector, TheEndOfTheSessionWaitsForNoTable) {
    collector().on(Stack().with_copy(own_).with_frames({0x0001'0000'0000'0010}).taken);
    collector().session_end(later(1));
    EXPECT_FALSE(collector().busy());
    EXPECT_EQ(only_sample().nanoseconds, 10U);
}

TEST_F(Collector, WithoutAWorkerFramesAreGuessedAndNobodyWaits) {
    options_.loader = loader_without_worker(options_.loader.cache_directory);
    collector().on(Stack().with_copy(own_).taken);
    finish();
    const Sample sample = only_sample();
    EXPECT_GE(sample.user.size(), 1U);
    EXPECT_TRUE(kernel_.tables.empty());
    EXPECT_TRUE(kernel_.without_table.contains(sample.user[0].module)) << "the kernel side is told not to wait either";
}

TEST_F(Collector, WithoutAKernelSideStacksAreWalkedAllTheSame) {
    StackCollector alone(options_, nullptr, [](Pid) { return kService; });
    alone.on(Stack().with_copy(own_).taken);
    for (int i = 0; i < 20'000 && alone.busy(); ++i) {
        alone.advance(kStart);
        usleep(1000);
    }
    EXPECT_EQ(alone.profile().stops()[static_cast<std::size_t>(StopReason::OUTERMOST)], 1U);
}

// Room that is freed in the kernel can't be used at once: to free more and more meanwhile would take all tables away.
TEST_F(Collector, ATableThatFindsNoRoomTakesTheRoomOfOneOther) {
    know_own_tables();
    ASSERT_GE(kernel_.tables.size(), 3U);
    FakeKernel small;
    small.most_tables = kernel_.tables.size() - 1;
    StackCollector crowded(options_, &small, [](Pid) { return kService; });
    crowded.on(Stack().with_copy(own_).taken);
    for (int i = 0; i < 20'000 && crowded.busy(); ++i) {
        crowded.advance(kStart);
        usleep(1000);
    }
    EXPECT_EQ(small.withdrawn.size(), 1U);
    crowded.on(Stack(later(1)).with_copy(own_).taken);
    EXPECT_EQ(small.withdrawn.size(), 1U) << "its room is not to be had yet";

    // What rested can be used, and there is one room more.
    small.most_tables += 2;
    crowded.on(Stack(later(kSecond)).with_copy(own_).taken);
    EXPECT_EQ(small.tables, kernel_.tables) << "tables that made room are wanted again";
}

TEST_F(Collector, CodeThatFindsNoRoomIsNotTakenForCodeWithoutAFile) {
    options_.most_modules = 2;
    collector().on(Stack().with_copy(own_).taken);
    finish();
    const Sample sample = only_sample();
    EXPECT_TRUE(std::any_of(sample.user.begin(), sample.user.end(),
                            [](const UserFrame& frame) { return frame.module == kModuleWithoutRoom; }));
    EXPECT_TRUE(
        std::none_of(sample.user.begin(), sample.user.end(), [](const UserFrame& frame) { return frame.module == 0; }));
    EXPECT_TRUE(kernel_.without_table.contains(kModuleWithoutRoom));
}

TEST_F(Collector, ModulesOfProcessesAndStacksThatAreGoneAreGivenUp) {
    know_own_tables();
    options_.most_modules = collector().modules().count();  // no more than this program has
    FakeKernel kernel;
    StackCollector full(options_, &kernel, [](Pid) { return kService; });
    full.on(Stack().with_copy(own_).taken);
    for (int i = 0; i < 20'000 && full.busy(); ++i) {
        full.advance(kStart);
        usleep(1000);
    }
    EXPECT_EQ(kernel.tables, kernel_.tables);
    full.clear_profiles();
    full.advance(later(20 * kSecond));
    EXPECT_TRUE(kernel.withdrawn.empty()) << "a process has them mapped";

    full.processes().on_exited(Pid{static_cast<std::uint32_t>(getpid())});
    full.advance(later(40 * kSecond));
    EXPECT_TRUE(kernel.tables.empty());
    EXPECT_EQ(kernel.withdrawn.size(), options_.most_modules - 1);

    // A record that was on its way carries a number that may stand for another file soon.
    full.on(Stack(later(41 * kSecond)).with_frames({std::uint64_t{1} << 48 | 0x1000}).taken);
    full.profile().for_each([](const Sample& sum) { EXPECT_EQ(sum.user.at(0).module, kModuleWithoutRoom); });
    EXPECT_EQ(full.profile().stacks(), 1U);
}

TEST_F(Collector, TheTableThatWasSeenLongestAgoMakesRoom) {
    know_own_tables();
    const auto modules = kernel_.tables;
    ASSERT_GE(modules.size(), 3U);
    kernel_.most_tables = modules.size();
    // All but one are seen again.
    const ModuleNumber forgotten = *std::next(modules.begin());
    std::vector<std::uint64_t> frames;
    for (const ModuleNumber module : modules) {
        if (module != forgotten) frames.push_back(std::uint64_t{module} << 48 | 0x1000);
    }
    collector().on(Stack(later(kSecond)).with_frames(frames).taken);

    Child child;
    child.execute();
    const auto maps = read_executable_maps(child.pid(), 4096);
    ASSERT_TRUE(maps);
    collector().on(
        Stack(later(2 * kSecond)).executing(child.pid()).with_copy({maps->mappings[0].start, 0, 0, own_.bytes}).taken);
    finish(later(2 * kSecond));
    EXPECT_EQ(kernel_.withdrawn, std::vector{forgotten});
}

}  // namespace
}  // namespace footfall
