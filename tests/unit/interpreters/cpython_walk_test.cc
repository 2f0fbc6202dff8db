// bpf/unwind/cpython.h, compiled natively: the same walk that the probe takes in the kernel.
#include "bpf/unwind/cpython_walk.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <vector>

#include "tests/unit/interpreters/fake_memory.h"

namespace {
ff_script_frame* slot_of(ff_cpython_walk* walk, std::uint32_t number);
int read_memory(footfall::MemoryReader* memory, void* to, std::size_t size, std::uint64_t address) {
    return memory->read(address, {static_cast<std::byte*>(to), size}) ? 0 : -14;
}
}  // namespace

using ff_script_reader = footfall::MemoryReader*;
#define ff_read_script(to, size, address) read_memory(reader, to, size, address)
#define ff_script_slot(number) slot_of(walk, number)
#include "bpf/unwind/cpython.h"

namespace footfall {
namespace {

constexpr std::uint64_t kRuntime = 0x10000;
constexpr std::uint64_t kInterpreter = 0x20000;
constexpr std::uint64_t kCodeType = 0x30000;
constexpr std::uint64_t kSelf = 0x7f0000000000;
constexpr std::uint16_t kSlot = 0x318;

ff_cpython layout_of(ff_cpython_frames frames) {
    ff_cpython layout{};
    layout.runtime = kRuntime;
    layout.code_type = kCodeType;
    layout.interpreters_head = 40;
    layout.interpreter_next = 0;
    layout.interpreter_threads = 16;
    layout.thread_slot = kSlot;
    layout.thread_next = 8;
    layout.thread_id = 152;
    layout.thread_frame = 56;
    layout.cframe_frame = FF_CPYTHON_ABSENT;
    layout.frames = static_cast<std::uint8_t>(frames);
    layout.owner_cstack = 3;
    layout.frame_code = 32;
    layout.frame_previous = 48;
    layout.frame_position = frames == FF_CPYTHON_FRAME_OBJECTS ? 100 : 56;
    layout.frame_entry = 69;
    layout.check_words = 18;
    layout.check_half = 6;
    layout.name_hash = 24;
    layout.code_first_line = 72;
    layout.code_file = 112;
    layout.code_name = 120;
    layout.code_lines = 136;
    layout.code_begin = 184;
    layout.position_unit = 2;
    return layout;
}

class CpythonWalk : public ::testing::Test {
protected:
    void SetUp() override {
        put_interpreter(kInterpreter, 0);
        memory_.put<std::uint64_t>(kRuntime + 40, kInterpreter);
    }

    void put_interpreter(std::uint64_t at, std::uint64_t next) {
        memory_.put(at, next);
        memory_.put<std::uint64_t>(at + 16, 0);
    }
    // In front of those that the interpreter has.
    void add_thread(std::uint64_t interpreter, std::uint64_t at, std::uint64_t id, std::uint64_t frame) {
        const std::uint64_t first = memory_.words[interpreter + 16];
        memory_.put(at + 8, first);
        memory_.put(at + 152, id);
        memory_.put(at + 56, frame);
        memory_.put(interpreter + 16, at);
    }
    std::uint64_t add_code() {
        const std::uint64_t at = next_;
        next_ += 0x200;
        memory_.put_zeros(at, 0x100);
        memory_.put(at + 8, kCodeType);
        memory_.put(at + 72, static_cast<std::uint32_t>(at & 0xffff));
        memory_.put(at + 120, at + 0x180);  // its name
        memory_.put(at + 0x180 + 24, at * 3);
        return at;
    }
    // entry: is_entry, or the owner.
    std::uint64_t add_frame(std::uint64_t code, std::uint64_t previous, std::uint8_t entry, std::uint64_t position = 6) {
        const std::uint64_t at = next_;
        next_ += 0x100;
        memory_.put_zeros(at, 120);
        memory_.put(at + 32, code);
        memory_.put(at + 48, previous);
        if (layout_.frames == FF_CPYTHON_FRAME_OBJECTS) {
            memory_.put(at + 100, static_cast<std::int32_t>(position));
        } else {
            memory_.put(at + 56, code + 184 + position);
        }
        if (layout_.frames != FF_CPYTHON_FRAME_OBJECTS) memory_.put(at + 69, entry);
        return at;
    }

    int walk() {
        walk_ = {};
        kept.fill({});
        walk_.self = kSelf;
        int stop = ff_cpython_begin(&walk_, &layout_, &memory_);
        for (steps_ = 0; stop == FF_SCRIPT_ON && steps_ < FF_CPYTHON_STEPS; ++steps_)
            stop = ff_cpython_step(&walk_, &layout_, &memory_);
        return stop;
    }
    [[nodiscard]] std::vector<std::uint64_t> functions() const {
        std::vector<std::uint64_t> functions;
        for (std::uint32_t i = 0; i < walk_.frames; ++i) functions.push_back(kept[i].function);
        return functions;
    }
    [[nodiscard]] static bool is_entry(std::size_t i) { return (kept[i].check & FF_SCRIPT_ENTRY) != 0; }

    FakeMemory memory_;
    ff_cpython layout_ = layout_of(FF_CPYTHON_IS_ENTRY);
    ff_cpython_walk walk_{};
    int steps_ = 0;
    std::uint64_t next_ = 0x100000;

public:
    static std::array<ff_script_frame, FF_SCRIPT_DEPTH> kept;
};
std::array<ff_script_frame, FF_SCRIPT_DEPTH> CpythonWalk::kept;

TEST_F(CpythonWalk, FindsTheThreadByWhatCKeepsForIt) {
    const std::uint64_t outer = add_code();
    const std::uint64_t inner = add_code();
    const std::uint64_t frame = add_frame(inner, add_frame(outer, 0, 1), 0, 10);
    add_thread(kInterpreter, 0x40000, kSelf, frame);
    for (std::uint64_t i = 1; i < 500; ++i) add_thread(kInterpreter, 0x40000 + i * 0x100, kSelf + i * 0x1000, 0);
    memory_.put<std::uint64_t>(kSelf + kSlot, 0x40000);
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), (std::vector{inner, outer}));
    EXPECT_EQ(kept[0].position, 10U);
    EXPECT_FALSE(is_entry(0));
    EXPECT_TRUE(is_entry(1));
    EXPECT_LT(steps_, 5);
}

TEST_F(CpythonWalk, LooksThroughAllThreadsWhereCKeepsNothingOrAnother) {
    const std::uint64_t code = add_code();
    add_thread(kInterpreter, 0x40000, kSelf, add_frame(code, 0, 1));
    for (std::uint64_t i = 1; i < 100; ++i) add_thread(kInterpreter, 0x40000 + i * 0x100, kSelf + i * 0x1000, 0);
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), std::vector{code});
    memory_.put<std::uint64_t>(kSelf + kSlot, 0x40000 + 0x100);  // another thread's
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), std::vector{code});
    layout_.thread_slot = FF_CPYTHON_ABSENT;
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), std::vector{code});
}

TEST_F(CpythonWalk, OfAThreadThatIsNoneOfTheInterpreterSaysSo) {
    EXPECT_EQ(walk(), FF_SCRIPT_NO_THREAD);
    add_thread(kInterpreter, 0x40000, kSelf + 1, 0);
    EXPECT_EQ(walk(), FF_SCRIPT_NO_THREAD);
    memory_.put<std::uint64_t>(kRuntime + 40, 0);
    EXPECT_EQ(walk(), FF_SCRIPT_NO_THREAD) << "not initialised";
    EXPECT_TRUE(functions().empty());
}

// The newest interpreter is the first, and runs inside the older ones.
TEST_F(CpythonWalk, JoinsTheFramesOfAllInterpretersThatTheThreadIsIn) {
    constexpr std::uint64_t kSub = 0x28000;
    put_interpreter(kSub, kInterpreter);
    memory_.put<std::uint64_t>(kRuntime + 40, kSub);
    const std::uint64_t outer = add_code();
    const std::uint64_t inner = add_code();
    add_thread(kInterpreter, 0x40000, kSelf, add_frame(outer, 0, 1));
    add_thread(kSub, 0x48000, kSelf, add_frame(inner, 0, 1));
    memory_.put<std::uint64_t>(kSelf + kSlot, 0x40000);
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), (std::vector{inner, outer}));
}

TEST_F(CpythonWalk, FollowsFrameObjectsEachOfWhichIsANativeCall) {
    layout_ = layout_of(FF_CPYTHON_FRAME_OBJECTS);
    const std::uint64_t code = add_code();
    add_thread(kInterpreter, 0x40000, kSelf, add_frame(code, add_frame(code, 0, 0, 7), 0, static_cast<std::uint64_t>(-1)));
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    ASSERT_EQ(walk_.frames, 2U);
    EXPECT_TRUE(is_entry(0) && is_entry(1));
    EXPECT_EQ(kept[0].position, 0U) << "it has not begun";
    EXPECT_EQ(kept[1].position, 14U) << "in units of two bytes";
}

TEST_F(CpythonWalk, AFrameOfTheCStackEndsANativeCall) {
    layout_ = layout_of(FF_CPYTHON_OWNER);
    const std::uint64_t a = add_code();
    const std::uint64_t b = add_code();
    constexpr std::uint8_t kCStack = 3;
    const std::uint64_t outermost = add_frame(0, 0, kCStack);
    const std::uint64_t first = add_frame(0, add_frame(b, outermost, 0), kCStack);
    const std::uint64_t nothing = add_frame(0, first, kCStack);
    add_thread(kInterpreter, 0x40000, kSelf, add_frame(a, add_frame(a, nothing, 1), 0));
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), (std::vector<std::uint64_t>{a, a, 0, b}));
    EXPECT_FALSE(is_entry(0));
    EXPECT_TRUE(is_entry(1));
    EXPECT_TRUE(is_entry(2)) << "a native call that runs nothing";
    EXPECT_TRUE(is_entry(3));
}

TEST_F(CpythonWalk, ReadsTheFrameOutOfTheCframe) {
    layout_.cframe_frame = 8;
    const std::uint64_t code = add_code();
    memory_.put<std::uint64_t>(0x50008, add_frame(code, 0, 1));
    add_thread(kInterpreter, 0x40000, kSelf, 0x50000);
    EXPECT_EQ(walk(), FF_SCRIPT_COMPLETE);
    EXPECT_EQ(functions(), std::vector{code});
}

TEST_F(CpythonWalk, WhatIsNoCodeIsNoFunction) {
    const std::uint64_t code = add_code();
    const std::uint64_t other = add_code();
    memory_.put<std::uint64_t>(other + 8, kCodeType + 8);
    add_thread(kInterpreter, 0x40000, kSelf, add_frame(code, add_frame(other, 0, 1), 0));
    EXPECT_EQ(walk(), FF_SCRIPT_DAMAGED);
    EXPECT_EQ(functions(), std::vector{code});
    memory_.put<std::uint64_t>(0x40000 + 56, add_frame(code, 0, 1, 0x7fffffffff));
    EXPECT_EQ(walk(), FF_SCRIPT_DAMAGED) << "an instruction far away from its code";
    memory_.put<std::uint64_t>(0x40000 + 56, 0x666000);
    EXPECT_EQ(walk(), FF_SCRIPT_UNREADABLE);
}

TEST_F(CpythonWalk, ALoopEnds) {
    const std::uint64_t code = add_code();
    const std::uint64_t frame = add_frame(code, 0, 1);
    add_thread(kInterpreter, 0x40000, kSelf, frame);
    memory_.put(frame + 48, frame);
    EXPECT_EQ(walk(), FF_SCRIPT_DAMAGED);
    const std::uint64_t other = add_frame(code, frame, 1);
    memory_.put(frame + 48, other);
    EXPECT_EQ(walk(), FF_SCRIPT_TOO_DEEP);
    EXPECT_EQ(walk_.frames, std::uint32_t{FF_SCRIPT_DEPTH});
    // Threads, and interpreters, in a circle.
    memory_.put<std::uint64_t>(0x40000 + 152, 1);
    memory_.put<std::uint64_t>(0x40000 + 8, 0x40000);
    EXPECT_EQ(walk(), FF_SCRIPT_ON);
    EXPECT_EQ(steps_, FF_CPYTHON_STEPS);
    memory_.put<std::uint64_t>(kInterpreter + 16, 0);
    memory_.put(kInterpreter, kInterpreter);
    EXPECT_EQ(walk(), FF_SCRIPT_ON);
}

// Another object in its place is told from it.
TEST_F(CpythonWalk, TheCheckIsOfWhatTheCodeIs) {
    const std::uint64_t code = add_code();
    add_thread(kInterpreter, 0x40000, kSelf, add_frame(code, 0, 1));
    ASSERT_EQ(walk(), FF_SCRIPT_COMPLETE);
    const std::uint32_t before = kept[0].check;
    const auto changes = [&](std::uint64_t address, std::uint64_t bits) {
        const std::uint64_t word = memory_.words[address];
        memory_.put(address, word ^ bits);
        walk();
        memory_.put(address, word);
        return kept[0].check != before;
    };
    for (std::uint64_t at = 16; at < FF_CPYTHON_CODE_BYTES; at += 8) {
        if (at == layout_.code_name) continue;
        EXPECT_TRUE(changes(code + at, 1)) << at;
    }
    EXPECT_TRUE(changes(code + 0x180 + 24, 1)) << "another name in the same place";
    EXPECT_FALSE(changes(code + 48, std::uint64_t{1} << 40)) << "what changes while it is the same";
    EXPECT_FALSE(changes(code, 1)) << "references";
    layout_.check_words = 16;
    walk();
    const std::uint32_t fewer = kept[0].check;
    memory_.put<std::uint64_t>(code + 136, 77);
    walk();
    EXPECT_EQ(kept[0].check, fewer);
    memory_.put<std::uint64_t>(code + 136, 0);
    layout_.check_words = 18;
    walk();
    EXPECT_EQ(kept[0].check, before);
}

TEST_F(CpythonWalk, OfRandomMemoryStaysInItsBounds) {
    std::mt19937_64 random(7);
    for (int round = 0; round < 3000; ++round) {
        memory_.words.clear();
        layout_ = layout_of(static_cast<ff_cpython_frames>(random() % 3));
        if (random() % 2 == 0) layout_.cframe_frame = 8;
        // Pointers into a small world, so that many of them lead somewhere.
        for (std::uint64_t at = 0; at < 0x800; at += 8)
            memory_.words[at] = random() % 4 == 0 ? random() : random() % 0x100 * 8;
        layout_.runtime = random() % 0x80 * 8;
        layout_.code_type = random() % 0x80 * 8;
        walk();
        EXPECT_LE(walk_.frames, std::uint32_t{FF_SCRIPT_DEPTH});
    }
}

}  // namespace
}  // namespace footfall

namespace {
ff_script_frame* slot_of(ff_cpython_walk* /*walk*/, std::uint32_t number) { return &footfall::CpythonWalk::kept.at(number); }
}  // namespace
