#include "agent/stacks/stack_symbols.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <filesystem>

#include "tests/unit/stacks/collector_world.h"

namespace footfall {
namespace {

class StackSymbols : public CollectorTest {
protected:
    Stacks filled(StackCapture capture) {
        SymbolizerClient client(options_.loader.worker);
        capture.services = {{kService, "shop"}};
        Stacks stacks;
        fill_stacks(capture, client, stacks);
        return stacks;
    }
    Stacks filled() { return filled(capture_stacks(collector(), kStart)); }

    // The innermost function at a position of a sample's stack; in parentheses, why there is none.
    static std::string function_at(const Stacks& stacks, const StackSample& sample, int index) {
        const Location& location = stacks.locations(static_cast<int>(sample.locations(index)));
        if (location.lines_size() == 0) return "(" + stacks.strings(static_cast<int>(location.miss())) + ")";
        return stacks.strings(static_cast<int>(location.lines(0).function()));
    }
    static std::string module_at(const Stacks& stacks, const StackSample& sample, int index) {
        const Location& location = stacks.locations(static_cast<int>(sample.locations(index)));
        return stacks.strings(static_cast<int>(stacks.modules(static_cast<int>(location.module())).path()));
    }
    static std::string text(const Stacks& stacks, std::uint32_t index) { return stacks.strings(static_cast<int>(index)); }
};

Sample sample_of(std::vector<UserFrame> user, std::uint64_t nanoseconds) {
    Sample sample;
    sample.service = kService;
    sample.pid = Pid{static_cast<std::uint32_t>(getpid())};
    sample.thread = "worker";
    sample.user = std::move(user);
    sample.nanoseconds = nanoseconds;
    return sample;
}

TEST_F(StackSymbols, ACompletedStackHasTheNamesOfItsFunctions) {
    collector().on(Stack().with_copy(own_).taken);
    finish();
    const Stacks stacks = filled();
    ASSERT_EQ(stacks.samples_size(), 1);
    const StackSample& sample = stacks.samples(0);
    EXPECT_EQ(text(stacks, sample.service()), "shop");
    EXPECT_EQ(text(stacks, sample.thread()), "worker");
    EXPECT_EQ(text(stacks, sample.stop()), "outermost");
    EXPECT_EQ(sample.samples(), 1U);
    EXPECT_EQ(sample.nanos(), 10U);
    EXPECT_EQ(function_at(stacks, sample, 0), "footfall::take_own_stack(footfall::OwnStack&)");
    EXPECT_EQ(module_at(stacks, sample, 0), std::filesystem::read_symlink("/proc/self/exe").string());
    EXPECT_NE(module_at(stacks, sample, sample.locations_size() - 1).find("libc.so"), std::string::npos);
    EXPECT_EQ(stacks.stops().at("outermost"), 1U);
    EXPECT_EQ(stacks.user_frames(), static_cast<std::uint64_t>(sample.locations_size()));
    EXPECT_EQ(stacks.strings(0), "");
    EXPECT_EQ(stacks.modules(0).path(), 0U);
}

TEST_F(StackSymbols, AScriptsFunctionsHaveFileAndLineWhateverDetailIsAskedFor) {
    StackCapture capture;
    constexpr ScriptFunctionId kOrder{3};
    constexpr ScriptFunctionId kGone{4};
    capture.script_functions[kOrder] = {Runtime::kCpython, "Shop.order", "/srv/shop.py"};
    capture.script_functions[kGone] = {Runtime::kCpython, {}, {}};
    Sample sample = sample_of({UserFrame::of_script(kOrder, 42), UserFrame::of_script(kOrder, 43),
                               UserFrame::of_script(kGone, 0), UserFrame::of_script(kOrder, 42)},
                              10);
    sample.script_stop = ScriptStop::UNNAMED;
    capture.samples.push_back(sample);
    capture.script_stops[static_cast<std::size_t>(ScriptStop::UNNAMED)] = 1;
    capture.script_stops[static_cast<std::size_t>(ScriptStop::NONE)] = 5;
    const Stacks stacks = filled(std::move(capture));
    ASSERT_EQ(stacks.samples_size(), 1);
    const StackSample& out = stacks.samples(0);
    EXPECT_EQ(function_at(stacks, out, 0), "Shop.order");
    EXPECT_EQ(module_at(stacks, out, 0), "[python]");
    const StackLine& line = stacks.locations(static_cast<int>(out.locations(0))).lines(0);
    EXPECT_EQ(text(stacks, line.file()), "/srv/shop.py");
    EXPECT_EQ(line.line(), 42U);
    EXPECT_EQ(out.locations(0), out.locations(3));
    EXPECT_NE(out.locations(0), out.locations(1)) << "another line";
    EXPECT_EQ(function_at(stacks, out, 2), "(the function was gone when its name was read)");
    EXPECT_EQ(text(stacks, out.script_stop()), "unnamed");
    EXPECT_EQ(stacks.script_stops().at("unnamed"), 1U);
    EXPECT_FALSE(stacks.script_stops().contains("none"));
}

TEST_F(StackSymbols, NamesOutliveTheProcess) {
    const pid_t child = fork();
    if (child == 0) pause();
    const Pid pid{static_cast<std::uint32_t>(child)};
    collector().on(Stack().of(pid).with_copy(own_).taken);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    collector().processes().on_exited(pid);
    finish();
    const Stacks stacks = filled();
    ASSERT_EQ(stacks.samples_size(), 1);
    EXPECT_EQ(function_at(stacks, stacks.samples(0), 0), "footfall::take_own_stack(footfall::OwnStack&)");
}

TEST_F(StackSymbols, TheMostTimeComesFirst) {
    StackCapture capture;
    for (const std::uint64_t nanoseconds : {5, 50, 20}) capture.samples.push_back(sample_of({}, nanoseconds));
    const Stacks stacks = filled(std::move(capture));
    ASSERT_EQ(stacks.samples_size(), 3);
    EXPECT_EQ(stacks.samples(0).nanos(), 50U);
    EXPECT_EQ(stacks.samples(1).nanos(), 20U);
    EXPECT_EQ(stacks.samples(2).nanos(), 5U);
}

TEST_F(StackSymbols, AFrameWithoutANameStaysAndSaysWhy) {
    StackCapture capture;
    capture.samples.push_back(sample_of({{9, 0x1234, false}}, 1));
    const Stacks stacks = filled(std::move(capture));
    ASSERT_EQ(stacks.samples(0).locations_size(), 1);
    EXPECT_EQ(stacks.locations(static_cast<int>(stacks.samples(0).locations(0))).address(), 0x1234U);
    EXPECT_EQ(function_at(stacks, stacks.samples(0), 0), "(" + std::string(text_of(Miss::kNoSuchFile)) + ")");
}

TEST_F(StackSymbols, CodeOfFilesThatFoundNoRoomSaysSo) {
    StackCapture capture;
    capture.samples.push_back(sample_of({{kModuleWithoutRoom, 0x1234, false}}, 1));
    const Stacks stacks = filled(std::move(capture));
    EXPECT_EQ(function_at(stacks, stacks.samples(0), 0), "(" + std::string(text_of(Miss::kTooManyModules)) + ")");
}

TEST_F(StackSymbols, AFileThatWasWrittenOverNamesNothing) {
    StackCapture capture;
    CapturedModule& module = capture.modules[1];
    module.path = "/bin/true";
    module.root = "/";
    module.was_rewritten = true;
    capture.samples.push_back(sample_of({{1, 0x1234, false}}, 1));
    const Stacks stacks = filled(std::move(capture));
    EXPECT_EQ(function_at(stacks, stacks.samples(0), 0), "(" + std::string(text_of(Miss::kRewritten)) + ")");
    EXPECT_EQ(module_at(stacks, stacks.samples(0), 0), "/bin/true");
}

TEST_F(StackSymbols, CodeMadeAtRunTimeHasTheNamesOfItsPerfMap) {
    const std::string map = "/tmp/perf-" + std::to_string(getpid()) + ".map";
    write_contents(map, "7f0000001000 100 jitted_function\n");
    StackCapture capture;
    capture.samples.push_back(sample_of({{0, 0x7f0000001010, false}, {0, 0x7f0000002000, false}}, 1));
    const Stacks stacks = filled(std::move(capture));
    std::filesystem::remove(map);
    EXPECT_EQ(module_at(stacks, stacks.samples(0), 0), "[jit]");
    EXPECT_EQ(function_at(stacks, stacks.samples(0), 0), "jitted_function");
    EXPECT_EQ(function_at(stacks, stacks.samples(0), 1).front(), '(');
}

// Whoever is watched may have hundreds of files that take for ever.
TEST_F(StackSymbols, NamingEndsInTimeAndNoFrameIsDropped) {
    constexpr int kFiles = 40;
    options_.loader.worker.command = {"/bin/sleep", "100"};
    options_.loader.worker.deadline = std::chrono::milliseconds(500);
    StackCapture capture;
    for (ModuleNumber number = 1; number <= kFiles; ++number) {
        CapturedModule& module = capture.modules[number];
        module.path = "/nonexistent/" + std::to_string(number);
        module.root = "/";
        module.file = Fd(memfd_create("file", MFD_CLOEXEC));
        capture.samples.push_back(sample_of({{number, 0x1234, false}, {0, 0x7f0000001000, false}}, number));
    }
    capture.naming_patience = std::chrono::milliseconds(600);
    const auto begin = std::chrono::steady_clock::now();
    const Stacks stacks = filled(std::move(capture));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
    ASSERT_EQ(stacks.samples_size(), kFiles);
    for (const StackSample& sample : stacks.samples()) {
        ASSERT_EQ(sample.locations_size(), 2);
        for (int i = 0; i < 2; ++i)
            EXPECT_EQ(function_at(stacks, sample, i), "(" + std::string(text_of(Miss::kNamingLate)) + ")");
    }
}

TEST_F(StackSymbols, ALimitOfTimeIsOfOneCaptureOnly) {
    SymbolizerClient client(options_.loader.worker);
    for (const int milliseconds : {0, 30'000}) {
        StackCapture capture;
        capture.samples.push_back(sample_of({{1, own_.ip, false}}, 1));
        capture.modules[1].file = Fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        capture.naming_patience = std::chrono::milliseconds(milliseconds);
        Stacks stacks;
        fill_stacks(capture, client, stacks);
        const bool is_late =
            function_at(stacks, stacks.samples(0), 0) == "(" + std::string(text_of(Miss::kNamingLate)) + ")";
        EXPECT_EQ(is_late, milliseconds == 0);
    }
    const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(client.describe(self.get())) << "nor does the client keep it";
}

TEST_F(StackSymbols, GuessedFramesAreMarkedByTheirPosition) {
    StackCapture capture;
    capture.samples.push_back(sample_of({{9, 1, false}, {9, 2, true}, {9, 3, true}}, 1));
    const Stacks stacks = filled(std::move(capture));
    const StackSample& sample = stacks.samples(0);
    EXPECT_EQ(std::vector<std::uint32_t>(sample.guessed().begin(), sample.guessed().end()),
              (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(StackSymbols, CompleteStacksWithGuessesAreInTheSnapshotAlsoWhereThereAreNone) {
    StackCapture capture;
    EXPECT_TRUE(filled(std::move(capture)).has_complete_with_guesses());
    collector().profile().add(sample_of({{9, 1, false}, {9, 2, true}}, 1));
    EXPECT_EQ(filled(capture_stacks(collector(), kStart)).complete_with_guesses(), 1U);
}

TEST_F(StackSymbols, WhatIsWaitedForIsToldForWaitsOnly) {
    StackCapture capture;
    capture.samples.assign(3, sample_of({}, 0));
    constexpr std::array kStates{StackState::kBlocked, StackState::kQueued, StackState::kRunning};
    for (std::size_t i = 0; i < kStates.size(); ++i) {
        capture.samples[i].state = kStates.at(i);
        capture.samples[i].system_call = SYS_futex;
        capture.samples[i].samples = 2.5;
        capture.samples[i].nanoseconds = 10 - i;
    }
    const Stacks stacks = filled(std::move(capture));
    ASSERT_EQ(stacks.samples_size(), 3);
    EXPECT_EQ(stacks.samples(0).state(), STACK_BLOCKED);
    EXPECT_EQ(text(stacks, stacks.samples(0).wait()), "lock");
    EXPECT_EQ(stacks.samples(0).samples(), 3U);
    EXPECT_EQ(stacks.samples(1).state(), STACK_QUEUED);
    EXPECT_EQ(text(stacks, stacks.samples(1).wait()), "");
    EXPECT_EQ(stacks.samples(2).state(), STACK_RUNNING);
    EXPECT_EQ(text(stacks, stacks.samples(2).wait()), "");
}

TEST_F(StackSymbols, ACaptureIsAValue) {
    collector().on(Stack().with_copy(own_).taken);
    finish();
    StackCapture capture = capture_stacks(collector(), kStart);
    collector().clear_profiles();
    collector().processes().on_exited(self_);
    EXPECT_EQ(filled(std::move(capture)).samples_size(), 1);
}

}  // namespace
}  // namespace footfall
