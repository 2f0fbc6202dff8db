// bpf/unwind, compiled natively: the same steps and the same search that the probe takes in the kernel.
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "symbolizer/unwind/page_rows.h"

struct ff_frame;

namespace {
int read_memory(const ff_frame* frame, void* to, std::size_t size, std::uint64_t address);
}  // namespace

#define ff_read_user(to, size, address) read_memory(frame, to, size, address)
#include "bpf/unwind/step.h"

namespace {

constexpr std::uint64_t kStack = 0x7fff0000;

// A frame, and the words of memory that can be read.
struct Process : ff_frame {
    std::map<std::uint64_t, std::uint64_t> memory;
};

int read_memory(const ff_frame* frame, void* to, std::size_t size, std::uint64_t address) {
    const auto& memory = static_cast<const Process*>(frame)->memory;
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
        const auto word = memory.find(address + at);
        if (word == memory.end()) return -14;
        std::memcpy(static_cast<char*>(to) + at, &word->second, sizeof(std::uint64_t));
    }
    return 0;
}

Process process(std::map<std::uint64_t, std::uint64_t> memory) {
    Process process;
    process.ip = 0x400000;
    process.sp = kStack;
    process.bp = kStack + 0x100;
    process.bx_at = FF_BX_IN_REGISTER;
    process.memory = std::move(memory);
    return process;
}

int step(Process& process, ff_unwind_row row, const ff_innermost* innermost = nullptr) {
    std::uint32_t interrupted = 7;
    const ff_innermost none = {};
    const int stop =
        ff_unwind_step(&process, &row, innermost == nullptr ? &none : innermost, innermost != nullptr, &interrupted);
    EXPECT_EQ(interrupted, row.cfa == FF_CFA_SIGNAL ? 1U : 0U);
    return stop;
}

std::int32_t halves(int low, int high) { return (high << 16) | (low & 0xffff); }

TEST(UnwindStep, RspAndRbpRulesReadTheReturnAddressBelowTheCfa) {
    auto by_rsp = process({{kStack + 24, 0x1111}});
    EXPECT_EQ(step(by_rsp, {0, FF_CFA_RSP, FF_RBP_SAME, 0, 32}), FF_STEP_ON);
    EXPECT_EQ(by_rsp.ip, 0x1111U);
    EXPECT_EQ(by_rsp.sp, kStack + 32);
    EXPECT_EQ(by_rsp.bp, kStack + 0x100);

    auto by_rbp = process({{kStack + 0x100, 0xb}, {kStack + 0x108, 0x2222}});
    EXPECT_EQ(step(by_rbp, {0, FF_CFA_RBP, -2, 0, 16}), FF_STEP_ON);
    EXPECT_EQ(by_rbp.ip, 0x2222U);
    EXPECT_EQ(by_rbp.sp, kStack + 0x110);
    EXPECT_EQ(by_rbp.bp, 0xbU);
}

TEST(UnwindStep, RbpIsFoundInAnySlot) {
    auto below = process({{kStack + 24, 0x1111}, {kStack + 8, 0xb}});
    EXPECT_EQ(step(below, {0, FF_CFA_RSP, -3, 0, 32}), FF_STEP_ON);
    EXPECT_EQ(below.bp, 0xbU);
}

TEST(UnwindStep, RealignedStacksAreLeftThroughThePointerThatTheySaved) {
    auto saved = process({{kStack + 0xf8, kStack + 0x200}, {kStack + 0x1f8, 0x1111}, {kStack + 0x100, 0xb}});
    EXPECT_EQ(step(saved, {0, FF_CFA_RBP_DEREF, FF_RBP_AT_RBP, 0, halves(-8, 0)}), FF_STEP_ON);
    EXPECT_EQ(saved.sp, kStack + 0x200);
    EXPECT_EQ(saved.bp, 0xbU);

    auto openssl = process({{kStack + 152, kStack + 0x200}, {kStack + 0x200, 0x1111}});
    EXPECT_EQ(step(openssl, {0, FF_CFA_RSP_DEREF, FF_RBP_SAME, 0, halves(152, 8)}), FF_STEP_ON);
    EXPECT_EQ(openssl.sp, kStack + 0x208);

    auto negative = process({{kStack + 152, kStack + 0x200}, {kStack + 0x1e8, 0x1111}});
    EXPECT_EQ(step(negative, {0, FF_CFA_RSP_DEREF, FF_RBP_SAME, 0, halves(152, -16)}), FF_STEP_ON);
    EXPECT_EQ(negative.sp, kStack + 0x1f0);
}

TEST(UnwindStep, APltStubHasPushedFromItsPushOn) {
    auto before = process({{kStack, 0x1111}, {kStack + 8, 0x2222}});
    before.ip = 0x40000a;
    EXPECT_EQ(step(before, {0, FF_CFA_PLT, FF_RBP_SAME, 0, 11}), FF_STEP_ON);
    EXPECT_EQ(before.ip, 0x1111U);
    auto after = process({{kStack, 0x1111}, {kStack + 8, 0x2222}});
    after.ip = 0x40000b;
    EXPECT_EQ(step(after, {0, FF_CFA_PLT, FF_RBP_SAME, 0, 11}), FF_STEP_ON);
    EXPECT_EQ(after.ip, 0x2222U);
}

TEST(UnwindStep, ASignalFrameGivesBackTheInterruptedRegisters) {
    auto caught = process({{kStack + 120, 0xb}, {kStack + 160, kStack - 0x5000}, {kStack + 168, 0x1111}});
    EXPECT_EQ(step(caught, {0, FF_CFA_SIGNAL, FF_RBP_SAME, 0, 0}), FF_STEP_ON);
    EXPECT_EQ(caught.ip, 0x1111U);
    EXPECT_EQ(caught.sp, kStack - 0x5000) << "an alternate stack may lie above";
    EXPECT_EQ(caught.bp, 0xbU);
    EXPECT_EQ(caught.bx_at, kStack + 128);

    auto forged = process({{kStack + 120, 0xb}, {kStack + 160, kStack}, {kStack + 168, 0x1111}});
    EXPECT_EQ(step(forged, {0, FF_CFA_SIGNAL, FF_RBP_SAME, 0, 0}), FF_STOP_NOT_PROGRESSING);
}

TEST(UnwindStep, OtherRegistersAreKnownInTheInnermostFrameOnly) {
    ff_innermost innermost = {};
    innermost.registers[10] = kStack + 0x40;
    auto inner = process({{kStack + 0x48, 0x1111}});
    const ff_unwind_row row = {0, FF_CFA_REGISTER, FF_RBP_SAME, 0, (16 << 8) | 10};
    EXPECT_EQ(step(inner, row, &innermost), FF_STEP_ON);
    EXPECT_EQ(inner.sp, kStack + 0x50);
    auto outer = process({{kStack + 0x48, 0x1111}});
    EXPECT_EQ(step(outer, row), FF_STOP_UNSUPPORTED_RULE);
}

// The loader hangs its frame on rbx while it binds a function, and what it calls saves rbx.
TEST(UnwindStep, RbxIsFollowedToWhereItWasSaved) {
    const ff_unwind_row by_rbx = {0, FF_CFA_REGISTER, FF_RBP_SAME, 0, (24 << 8) | FF_REGISTER_RBX};
    auto saved = process({{kStack + 24, 0x1111}, {kStack + 16, kStack + 0x40}, {kStack + 0x50, 0x2222}});
    EXPECT_EQ(step(saved, {0, FF_CFA_RSP, FF_RBP_SAME, -2, 32}), FF_STEP_ON);
    auto lost = saved;
    EXPECT_EQ(step(saved, by_rbx), FF_STEP_ON);
    EXPECT_EQ(saved.ip, 0x2222U);
    EXPECT_EQ(saved.sp, kStack + 0x58);

    lost.memory[kStack + 32] = 0x3333;
    EXPECT_EQ(step(lost, {0, FF_CFA_RSP, FF_RBP_SAME, FF_RBX_UNKNOWN, 8}), FF_STEP_ON);
    EXPECT_EQ(step(lost, by_rbx), FF_STOP_UNSUPPORTED_RULE);

    auto kept = process({{kStack + 24, 0x1111}, {kStack + 0x50, 0x2222}});
    EXPECT_EQ(step(kept, {0, FF_CFA_RSP, FF_RBP_SAME, FF_RBX_SAME, 32}), FF_STEP_ON);
    ff_innermost innermost = {};
    innermost.registers[FF_REGISTER_RBX] = kStack + 0x40;
    std::uint32_t interrupted = 0;
    EXPECT_EQ(ff_unwind_step(&kept, &by_rbx, &innermost, 0, &interrupted), FF_STEP_ON);
    EXPECT_EQ(kept.ip, 0x2222U);

    auto unreadable = process({});
    unreadable.bx_at = kStack + 0x1000;
    EXPECT_EQ(step(unreadable, by_rbx), FF_STOP_UNREADABLE_STACK);
}

TEST(UnwindStep, AReturnAddressInARegisterNeedsNoMemory) {
    ff_innermost innermost = {};
    innermost.registers[5] = 0x1111;
    auto inner = process({});
    EXPECT_EQ(step(inner, {0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 5}, &innermost), FF_STEP_ON);
    EXPECT_EQ(inner.ip, 0x1111U);
    EXPECT_EQ(inner.sp, kStack);
    EXPECT_EQ(inner.bp, kStack + 0x100);

    auto pushed = process({});
    EXPECT_EQ(step(pushed, {0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, (8 << 8) | 5}, &innermost), FF_STEP_ON);
    EXPECT_EQ(pushed.sp, kStack + 8);
    auto outer = process({});
    EXPECT_EQ(step(outer, {0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 5}), FF_STOP_UNSUPPORTED_RULE);
    EXPECT_EQ(outer.ip, 0x400000U);
}

TEST(UnwindStep, AnotherStackMayLieOnEitherSide) {
    for (const std::uint64_t other : {kStack - 0x5000, kStack + 0x5000}) {
        auto switched = process({{other, 0xb}, {other + 8, 0x1111}});
        switched.bp = other;
        EXPECT_EQ(step(switched, {0, FF_CFA_RBP_ELSEWHERE, -2, 0, 16}), FF_STEP_ON);
        EXPECT_EQ(switched.ip, 0x1111U);
        EXPECT_EQ(switched.sp, other + 16);
        EXPECT_EQ(switched.bp, 0xbU);
    }
    auto same = process({});
    same.bp = kStack - 16;
    EXPECT_EQ(step(same, {0, FF_CFA_RBP_ELSEWHERE, -2, 0, 16}), FF_STOP_NOT_PROGRESSING);
    auto below = process({{kStack - 0x5000, 0xb}, {kStack - 0x5000 + 8, 0x1111}});
    below.bp = kStack - 0x5000;
    EXPECT_EQ(step(below, {0, FF_CFA_RBP, -2, 0, 16}), FF_STOP_NOT_PROGRESSING);
    auto lost = process({});
    lost.bp = FF_BP_LOST;
    EXPECT_EQ(step(lost, {0, FF_CFA_RBP_ELSEWHERE, -2, 0, 16}), FF_STOP_UNSUPPORTED_RULE);
}

TEST(UnwindStep, EachDeadEndHasItsReason) {
    auto start = process({});
    EXPECT_EQ(step(start, {0, FF_CFA_OUTERMOST, 0, 0, 0}), FF_STOP_OUTERMOST);
    EXPECT_EQ(step(start, {0, FF_CFA_UNSUPPORTED, 0, 0, 0}), FF_STOP_UNSUPPORTED_RULE);
    EXPECT_EQ(step(start, {0, FF_CFA_NONE, 0, 0, 0}), FF_STOP_NO_RULE);
    EXPECT_EQ(step(start, {0, FF_CFA_UNSUPPORTED + 1, 0, 0, 0}), FF_STOP_NO_RULE);
    EXPECT_EQ(step(start, {0, FF_CFA_RSP, 0, 0, 16}), FF_STOP_UNREADABLE_STACK);
    EXPECT_EQ(step(start, {0, FF_CFA_RBP_DEREF, 0, 0, 16}), FF_STOP_UNREADABLE_STACK);
    EXPECT_EQ(step(start, {0, FF_CFA_SIGNAL, 0, 0, 0}), FF_STOP_UNREADABLE_STACK);
    EXPECT_EQ(start.sp, kStack) << "the frame stays as it was";
    auto ended = process({{kStack, 0}});
    EXPECT_EQ(step(ended, {0, FF_CFA_RSP, 0, 0, 8}), FF_STOP_OUTERMOST);
}

TEST(UnwindStep, ACallersFrameLiesAbove) {
    ff_innermost innermost = {};
    auto loop = process({{kStack - 8, 0x1111}, {kStack - 16, 0x1111}});
    EXPECT_EQ(step(loop, {0, FF_CFA_RSP, 0, 0, 0}), FF_STOP_NOT_PROGRESSING);
    EXPECT_EQ(step(loop, {0, FF_CFA_RSP, 0, 0, -8}, &innermost), FF_STOP_NOT_PROGRESSING);
    EXPECT_EQ(step(loop, {0, FF_CFA_RSP, 0, 0, 0}, &innermost), FF_STEP_ON) << "the innermost may have popped it";
}

TEST(UnwindStep, ALostFramePointerIsNotFollowed) {
    auto lost = process({{kStack, 0x1111}, {kStack + 8, 0x2222}});
    EXPECT_EQ(step(lost, {0, FF_CFA_RSP, FF_RBP_UNKNOWN, 0, 8}), FF_STEP_ON);
    auto by_rbp = lost;
    EXPECT_EQ(step(by_rbp, {0, FF_CFA_RBP, -2, 0, 16}), FF_STOP_UNSUPPORTED_RULE);
    EXPECT_EQ(step(by_rbp, {0, FF_CFA_RBP_DEREF, -2, 0, 16}), FF_STOP_UNSUPPORTED_RULE);
    EXPECT_EQ(ff_frame_pointer_step(&by_rbp), FF_STOP_NO_RULE);
    EXPECT_EQ(step(lost, {0, FF_CFA_RSP, FF_RBP_AT_RBP, 0, 8}), FF_STEP_ON) << "a frame that does not need it goes on";
    EXPECT_EQ(lost.ip, 0x2222U);
    EXPECT_EQ(lost.bp, std::uint64_t{FF_BP_LOST});
}

TEST(FramePointerStep, BelievesOnlyWhatLeadsABoundedWayUp) {
    const std::map<std::uint64_t, std::uint64_t> memory = {{kStack + 0x100, 0xb}, {kStack + 0x108, 0x1111}, {kStack - 8, 1}};
    auto good = process(memory);
    EXPECT_EQ(ff_frame_pointer_step(&good), FF_STEP_ON);
    EXPECT_EQ(good.ip, 0x1111U);
    EXPECT_EQ(good.sp, kStack + 0x110);
    EXPECT_EQ(good.bp, 0xbU);
    EXPECT_EQ(good.bx_at, std::uint64_t{FF_BX_LOST});

    const std::map<std::uint64_t, int> answers = {{0, FF_STOP_OUTERMOST},
                                                  {kStack - 8, FF_STOP_NO_RULE},
                                                  {kStack + 0x104, FF_STOP_NO_RULE},
                                                  {kStack + FF_FRAME_POINTER_REACH + 8, FF_STOP_NO_RULE},
                                                  {kStack + 0x200, FF_STOP_UNREADABLE_STACK}};
    for (const auto& [bp, stop] : answers) {
        auto bad = process(memory);
        bad.bp = bp;
        EXPECT_EQ(ff_frame_pointer_step(&bad), stop) << bp - kStack;
        EXPECT_EQ(bad.sp, kStack);
    }
    auto ended = process({{kStack + 0x100, 0}, {kStack + 0x108, 0}});
    EXPECT_EQ(ff_frame_pointer_step(&ended), FF_STOP_OUTERMOST);
}

// Against a search that can't be wrong, for pages of every size up to the largest.
TEST(FindRow, GivesTheLastRowThatIsNotBehindTheAddress) {
    std::mt19937 random(1);
    constexpr std::size_t kMost = FF_UNWIND_PAGE_BYTES;
    for (const std::size_t size : {1UL, 2UL, 3UL, 100UL, 513UL, kMost / 2, kMost / 2 + 1, kMost - 1, kMost}) {
        std::vector<ff_unwind_row> rows(size);
        const std::size_t step = kMost / size;
        for (std::size_t i = 0; i < size; ++i) rows[i].address = static_cast<__u16>(i * step);
        for (int i = 0; i < 1000; ++i) {
            const std::uint64_t address = random() % kMost;
            const std::size_t expected = std::min<std::size_t>(address / step, size - 1);
            ASSERT_EQ(footfall::find_row(rows, 0x70000 + address), &rows[expected]) << size << " " << address;
        }
    }
}

TEST(FindRow, FindsNothingInAnEmptyPageOrBelowItsFirstRow) {
    EXPECT_EQ(footfall::find_row({}, 5), nullptr);
    const std::vector<ff_unwind_row> rows = {{16, FF_CFA_RSP, 0, 0, 8}};
    EXPECT_EQ(footfall::find_row(rows, 15), nullptr);
    EXPECT_EQ(footfall::find_row(rows, 16), rows.data());
}

}  // namespace
