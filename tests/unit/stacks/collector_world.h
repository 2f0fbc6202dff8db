// A collector with a kernel side that only remembers, over stacks of this very program.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/stacks/stack_collector.h"
#include "tests/unit/stacks/fake_kernel.h"
#include "tests/unit/stacks/own_stack.h"
#include "tests/unit/stacks/own_worker.h"
#include "tests/unit/support/scratch.h"

namespace footfall {

constexpr std::uint64_t kSecond = kNanosecondsPerSecond;
constexpr MonotonicTime kStart{1000 * kSecond};
constexpr ServiceId kService{7};

inline std::uint64_t stack_start_of(Pid pid) {
    const auto maps = read_executable_maps(pid, 4096);
    return maps ? maps->memory.stack_start : 0;
}

inline MonotonicTime later(std::uint64_t nanoseconds) { return {kStart.nanoseconds + nanoseconds}; }

// A StackTaken and what it refers to.
class Stack {
public:
    explicit Stack(MonotonicTime time = kStart) {
        taken.time = time;
        taken.pid = Pid{static_cast<std::uint32_t>(getpid())};
        taken.stack_start = stack_start_of(taken.pid);  // as its children have it, too, until they execute
        taken.tid = Tid{1};
        taken.nanoseconds = 10;
        taken.thread = "worker";
    }
    Stack(Stack&&) = default;  // a moved vector keeps its memory

    Stack&& of(Pid pid) && {
        taken.pid = pid;
        return std::move(*this);
    }
    Stack&& executing(Pid pid) && {
        taken.pid = pid;
        taken.stack_start = stack_start_of(pid);
        return std::move(*this);
    }
    // What the kernel side had found of it.
    Stack&& with_frames(std::vector<std::uint64_t> user, std::vector<std::uint64_t> kernel = {}) && {
        user_ = std::move(user);
        kernel_ = std::move(kernel);
        taken.user = FrameList(std::as_bytes(std::span(user_)));
        taken.kernel = FrameList(std::as_bytes(std::span(kernel_)));
        return std::move(*this);
    }
    Stack&& with_copy(const OwnStack& own, StopReason stop = StopReason::NO_MAPPING) && {
        taken.stop = stop;
        taken.ip = own.ip;
        registers_.assign(16, 0);
        registers_[6] = own.bp;
        registers_[7] = own.sp;
        taken.registers = FrameList(std::as_bytes(std::span(registers_)));
        taken.copied = own.bytes;
        taken.copied_below = own.below;
        return std::move(*this);
    }
    Stack&& waiting(std::uint64_t wait, std::uint32_t tid = 1, StackState state = StackState::kBlocked) && {
        taken.state = state;
        taken.wait = wait;
        taken.waits = 1;
        taken.nanoseconds = 0;
        taken.tid = Tid{tid};
        taken.system_call = 202;
        return std::move(*this);
    }

    StackTaken taken;

private:
    std::vector<std::uint64_t> user_;
    std::vector<std::uint64_t> kernel_;
    std::vector<std::uint64_t> registers_;
};

inline WaitEnded end_of(std::uint64_t wait, std::uint64_t blocked, std::uint64_t queued = 0, std::uint32_t tid = 1) {
    return {kStart, Pid{static_cast<std::uint32_t>(getpid())}, Tid{tid}, wait, blocked, queued};
}

class CollectorTest : public testing::Test {
protected:
    CollectorTest() { options_.loader = loader_options(tables_of_all_tests()); }

    // Made when it is first asked for, so that a test can set options_ before.
    StackCollector& collector() {
        if (!collector_) collector_ = std::make_unique<StackCollector>(options_, &kernel_, [](Pid) { return kService; });
        return *collector_;
    }
    // Until no stack waits for a table.
    void finish(MonotonicTime now = kStart) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (collector().busy() && std::chrono::steady_clock::now() < deadline) {
            collector().advance(now);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_FALSE(collector().busy());
    }
    // All tables that the test's stacks need are there.
    void know_own_tables() {
        collector().on(Stack().with_copy(own_).taken);
        finish();
        collector().clear_profiles();
    }
    std::vector<Sample> samples() {
        std::vector<Sample> all;
        collector().profile().for_each([&](const Sample& sum) { all.push_back(sum); });
        return all;
    }
    Sample only_sample() {
        const std::vector<Sample> all = samples();
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? Sample{} : all[0];
    }
    // The stack is whole: from take_own_stack() through its caller, the C++ and the C library to the thread's start.
    void expect_whole(const Sample& sample) {
        EXPECT_EQ(sample.stop, StopReason::OUTERMOST);
        ASSERT_GE(sample.user.size(), 4U);
        const CodeModule& program = collector().modules().at(sample.user[0].module);
        EXPECT_EQ(program.path, std::filesystem::read_symlink("/proc/self/exe").string());
        EXPECT_EQ(sample.user[1].module, sample.user[0].module);
        EXPECT_EQ(sample.user[1].address - sample.user[0].address, own_.caller - 1 - own_.ip);
        const std::string outermost = collector().modules().at(sample.user.back().module).path;
        EXPECT_NE(outermost.find("libc.so"), std::string::npos) << outermost;
    }

    FakeKernel kernel_;
    CollectorOptions options_;
    OwnStack own_ = own_stack();
    Pid self_{static_cast<std::uint32_t>(getpid())};

private:
    // Built once, they are loaded in no time.
    static const std::string& tables_of_all_tests() {
        static const ScratchDirectory scratch;
        return scratch.path();
    }

    std::unique_ptr<StackCollector> collector_;
};

}  // namespace footfall
