// Walks over the real stacks of this program, which is built without frame pointers, and over forged ones. Each test knows
// which functions called which, down to the start of the thread.
#include <alloca.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/fd.h"
#include "symbolizer/unwind/native_unwinder.h"
#include "tests/unit/unwind/memory_table.h"

namespace footfall {
namespace {

// The modules of this process, as the dynamic linker knows them, with their tables.
class OwnProcess final : public RowSource {
public:
    OwnProcess() { dl_iterate_phdr(&OwnProcess::add, this); }

    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) override {
        for (Module& module : modules_) {
            if (address < module.begin || address >= module.end) continue;
            const ff_unwind_row* row = table_of(module).row_at(address - module.bias);
            if (row == nullptr) return tl::unexpected(FF_STOP_NO_TABLE);
            return *row;
        }
        return tl::unexpected(FF_STOP_NO_MAPPING);
    }

private:
    struct Module {
        std::string path;
        std::uint64_t bias = 0;
        std::uint64_t begin = 0;  // its executable segment
        std::uint64_t end = 0;
        std::unique_ptr<MemoryTable> table;
    };

    static int add(dl_phdr_info* info, std::size_t, void* self) {
        for (int i = 0; i < info->dlpi_phnum; ++i) {
            const auto& segment = info->dlpi_phdr[i];
            if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
            const std::uint64_t begin = info->dlpi_addr + segment.p_vaddr;
            const bool is_program = info->dlpi_name[0] == '\0';
            static_cast<OwnProcess*>(self)->modules_.push_back(
                {is_program ? "/proc/self/exe" : info->dlpi_name, info->dlpi_addr, begin, begin + segment.p_memsz, nullptr});
        }
        return 0;
    }

    static MemoryTable& table_of(Module& module) {
        if (module.table) return *module.table;
        module.table = std::make_unique<MemoryTable>();
        const Fd fd(open(module.path.c_str(), O_RDONLY | O_CLOEXEC));
        EXPECT_TRUE(build_unwind_table(fd.get(), *module.table)) << module.path;
        return *module.table;
    }

    std::vector<Module> modules_;
};

// Registers, and the memory from the lowest address of a stack to its end. All room is there before a signal may come.
struct Capture {
    StackRegisters registers;
    std::uint64_t lowest = 0;
    std::vector<std::byte> stack;
};

// The symbols of this process, by libdwfl.
class Names {
public:
    Names() : session_(dwfl_begin(&callbacks_)) {
        dwfl_linux_proc_report(session_, getpid());
        dwfl_report_end(session_, nullptr, nullptr);
    }
    ~Names() { dwfl_end(session_); }
    Names(const Names&) = delete;
    Names& operator=(const Names&) = delete;

    std::vector<std::string> of(const WalkedStack& stack) {
        std::vector<std::string> names;
        for (const WalkedFrame& frame : stack.frames) {
            const char* name = dwfl_module_addrname(dwfl_addrmodule(session_, frame.address), frame.address);
            names.emplace_back(name == nullptr ? "?" : name);
        }
        return names;
    }

private:
    Dwfl_Callbacks callbacks_ = {dwfl_linux_proc_find_elf, dwfl_standard_find_debuginfo, dwfl_offline_section_address,
                                 nullptr};
    Dwfl* session_;
};

WalkedStack walk(const Capture& capture) {
    OwnProcess process;
    return walk_stack(capture.registers, {capture.lowest, capture.stack}, process);
}

using Namelist = std::vector<std::string>;

Namelist first(Namelist names, std::size_t count) {
    names.resize(std::min(names.size(), count));
    return names;
}

}  // namespace
}  // namespace footfall

// C names, so that the tests can say them. Not inlined, and none of their calls is in the place of a return.
#define FRAME extern "C" [[gnu::noinline]]

using footfall::Capture;
using Step = void (*)(Capture&);

static void prepare(Capture& capture) {
    constexpr std::uint64_t kMostBelow = 1 << 20;
    pthread_attr_t attributes;
    void* lowest = nullptr;
    std::size_t size = 0;
    pthread_getattr_np(pthread_self(), &attributes);
    pthread_attr_getstack(&attributes, &lowest, &size);
    pthread_attr_destroy(&attributes);
    const auto end = reinterpret_cast<std::uint64_t>(lowest) + size;
    const auto here = reinterpret_cast<std::uint64_t>(__builtin_frame_address(0));
    capture.lowest = std::max(reinterpret_cast<std::uint64_t>(lowest), here - kMostBelow);
    capture.stack.resize(end - capture.lowest);
}

FRAME void take_capture(Capture& capture) {
    ucontext_t context;
    getcontext(&context);
    const auto* registers = context.uc_mcontext.gregs;
    capture.registers.instruction_pointer = static_cast<std::uint64_t>(registers[REG_RIP]);
    capture.registers.by_number[FF_REGISTER_RSP] = static_cast<std::uint64_t>(registers[REG_RSP]);
    capture.registers.by_number[FF_REGISTER_RBP] = static_cast<std::uint64_t>(registers[REG_RBP]);
    // The main thread's stack is not all there yet below its stack pointer; signals on an alternate one of a thread lie
    // above what they interrupted.
    const std::uint64_t from = getpid() == gettid() ? capture.registers.by_number[FF_REGISTER_RSP] : capture.lowest;
    const std::size_t skipped = from - capture.lowest;
    // By the kernel: sanitizers don't let a program read all of its own stack.
    const iovec to = {capture.stack.data() + skipped, capture.stack.size() - skipped};
    const iovec stack = {reinterpret_cast<void*>(from), capture.stack.size() - skipped};
    process_vm_readv(getpid(), &to, 1, &stack, 1, 0);
}

FRAME void leaf(Capture& capture) {
    take_capture(capture);
    asm volatile("" ::: "memory");
}

FRAME void middle(Capture& capture, Step next) {
    char some[40];
    asm volatile("" ::"r"(some) : "memory");
    next(capture);
    asm volatile("" ::"r"(some) : "memory");
}

FRAME void outer(Capture& capture, Step next) {
    middle(capture, next);
    asm volatile("" ::: "memory");
}

FRAME void realigned(Capture& capture) {
    alignas(64) volatile char aligned[128] = {};
    auto* more = static_cast<volatile char*>(alloca(static_cast<std::size_t>(aligned[0]) + 100));
    more[0] = 1;
    leaf(capture);
    aligned[1] = more[0];
}

FRAME void recurse(Capture& capture, int depth) {
    if (depth == 0)
        leaf(capture);
    else
        recurse(capture, depth - 1);
    asm volatile("" ::: "memory");
}

FRAME void recurse_200(Capture& capture) {
    recurse(capture, 200);
    asm volatile("" ::: "memory");
}

static Capture* caught_capture = nullptr;

FRAME void on_trap(int) {
    take_capture(*caught_capture);
    asm volatile("" ::: "memory");
}

FRAME void trapped(Capture& capture) {
    caught_capture = &capture;
    asm volatile("int3" ::: "memory");
    caught_capture = nullptr;
}

FRAME void trapped_on_alternate_stack(Capture& capture) {
    char room[65536];
    const stack_t alternate = {.ss_sp = room, .ss_flags = 0, .ss_size = sizeof room};
    sigaltstack(&alternate, nullptr);
    trapped(capture);
    const stack_t none = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&none, nullptr);
    asm volatile("" ::"r"(room) : "memory");
}

struct ThreadTask {
    Capture& capture;
    Step step;
};

FRAME void* thread_body(void* task) {
    auto* const given = static_cast<ThreadTask*>(task);
    prepare(given->capture);
    outer(given->capture, given->step);
    return nullptr;
}

namespace footfall {
namespace {

// A signal handler for one test.
class Trap {
public:
    explicit Trap(int flags) {
        struct sigaction action {};
        action.sa_handler = on_trap;
        action.sa_flags = flags;
        sigaction(SIGTRAP, &action, &before_);
    }
    ~Trap() { sigaction(SIGTRAP, &before_, nullptr); }
    Trap(const Trap&) = delete;
    Trap& operator=(const Trap&) = delete;

private:
    struct sigaction before_ {};
};

WalkedStack walk_in_thread(Step step) {
    Capture capture;
    ThreadTask task{capture, step};
    pthread_t thread = 0;
    EXPECT_EQ(pthread_create(&thread, nullptr, thread_body, &task), 0);
    pthread_join(thread, nullptr);
    return walk(capture);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMostThreadStarts = 4;
#else
constexpr std::size_t kMostThreadStarts = 2;
#endif

// Behind what is expected, a thread has start_thread and clone3 of libc; sanitizers put up to two functions in between.
void expect_thread(const WalkedStack& walked, Namelist expected) {
    const Namelist names = Names().of(walked);
    EXPECT_EQ(first(names, expected.size()), expected);
    EXPECT_GE(names.size(), expected.size() + 2) << testing::PrintToString(names);
    EXPECT_LE(names.size(), expected.size() + kMostThreadStarts) << testing::PrintToString(names);
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    for (const WalkedFrame& frame : walked.frames) EXPECT_FALSE(frame.guessed);
}

TEST(NativeWalk, GoesThroughFunctionsWithoutFramePointersToTheStartOfTheThread) {
    expect_thread(walk_in_thread(leaf), {"take_capture", "leaf", "middle", "outer", "thread_body"});
}

TEST(NativeWalk, GoesFromMainToStart) {
    Capture capture;
    prepare(capture);
    outer(capture, leaf);
    const WalkedStack walked = walk(capture);
    const Namelist names = Names().of(walked);
    EXPECT_EQ(first(names, 4), (Namelist{"take_capture", "leaf", "middle", "outer"}));
    EXPECT_NE(std::find(names.begin(), names.end(), "main"), names.end());
    EXPECT_EQ(names.back(), "_start");
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
}

TEST(NativeWalk, GoesThroughAFunctionThatRealignsItsStack) {
    expect_thread(walk_in_thread(realigned), {"take_capture", "leaf", "realigned", "middle", "outer", "thread_body"});
}

TEST(NativeWalk, LeavesASignalHandlerToWhereItInterrupted) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the thread sanitizer calls handlers itself";
#endif
    const Trap trap(0);
    const WalkedStack walked = walk_in_thread(trapped);
    Namelist names = Names().of(walked);
    ASSERT_GE(names.size(), 4U);
    EXPECT_EQ(names[3], "trapped");
    // Right behind the one-byte int3, and not one byte less as for return addresses.
    EXPECT_EQ(*reinterpret_cast<const std::uint8_t*>(walked.frames[3].address - 1), 0xcc);
    expect_thread(walked, {"take_capture", "on_trap", names[2], "trapped", "middle", "outer", "thread_body"});
}

TEST(NativeWalk, LeavesASignalHandlerOnAnAlternateStack) {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the thread sanitizer calls handlers itself";
#endif
    const Trap trap(SA_ONSTACK);
    const WalkedStack walked = walk_in_thread(trapped_on_alternate_stack);
    Namelist names = Names().of(walked);
    ASSERT_GE(names.size(), 4U);
    expect_thread(walked, {"take_capture", "on_trap", names[2], "trapped", "trapped_on_alternate_stack", "middle", "outer",
                           "thread_body"});
}

TEST(NativeWalk, KeepsTheInnermostFramesOfADeepRecursion) {
    const WalkedStack walked = walk_in_thread(recurse_200);
    EXPECT_EQ(walked.frames.size(), std::size_t{FF_STACK_DEPTH});
    EXPECT_EQ(walked.stop, FF_STOP_TOO_DEEP);
    const Namelist names = Names().of(walked);
    EXPECT_EQ(first(names, 3), (Namelist{"take_capture", "leaf", "recurse"}));
    EXPECT_EQ(names.back(), "recurse");
}

TEST(NativeWalk, EndsWhereTheCopyEnds) {
    Capture capture;
    prepare(capture);
    outer(capture, leaf);
    capture.stack.resize(capture.registers.by_number[FF_REGISTER_RSP] - capture.lowest + sizeof(ucontext_t) + 256);
    const WalkedStack walked = walk(capture);
    EXPECT_EQ(walked.stop, FF_STOP_UNREADABLE_STACK);
    EXPECT_GE(walked.frames.size(), 1U);
}

// One row for one range of addresses each.
class Rules final : public RowSource {
public:
    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) override {
        const auto rule = rules.find(address >> 12);
        if (rule == rules.end()) return tl::unexpected(FF_STOP_NO_MAPPING);
        return rule->second;
    }
    std::map<std::uint64_t, tl::expected<ff_unwind_row, ff_stop>> rules;
};

constexpr std::uint64_t kStack = 0x7000;

StackRegisters registers_at_stack(std::uint64_t frame_pointer = 0) {
    StackRegisters registers{0x1234, {}};
    registers.by_number[FF_REGISTER_RSP] = kStack;
    registers.by_number[FF_REGISTER_RBP] = frame_pointer;
    return registers;
}

WalkedStack walk_words(const std::vector<std::uint64_t>& words, Rules& rules, std::uint64_t frame_pointer = 0) {
    return walk_stack(registers_at_stack(frame_pointer), {kStack, std::as_bytes(std::span(words))}, rules);
}

TEST(NativeWalk, AStackThatLeadsBackToItselfEndsAndSaysSo) {
    Rules rules;
    rules.rules = {{1, ff_unwind_row{0, FF_CFA_RBP, -2, 0, 16}}};
    // Two frames whose saved frame pointers lead to each other.
    const WalkedStack walked = walk_words({kStack + 16, 0x1111, kStack, 0x1112}, rules, kStack);
    EXPECT_EQ(walked.stop, FF_STOP_NOT_PROGRESSING);
    EXPECT_EQ(walked.frames.size(), 3U);
}

TEST(NativeWalk, ForgedSignalFramesThatLeadToEachOtherEndAtTheDepthThatIsKept) {
    Rules rules;
    rules.rules = {{1, ff_unwind_row{0, FF_CFA_SIGNAL, 0, 0, 0}}};
    std::vector<std::uint64_t> words(64);
    words[20] = kStack + 8;  // the first one's rsp and rip
    words[21] = kStack;      // rip of the first and rsp of the second
    words[22] = 0x1000;
    rules.rules.emplace(kStack >> 12, ff_unwind_row{0, FF_CFA_SIGNAL, 0, 0, 0});
    const WalkedStack walked = walk_words(words, rules);
    EXPECT_EQ(walked.stop, FF_STOP_TOO_DEEP);
    EXPECT_EQ(walked.frames.size(), std::size_t{FF_STACK_DEPTH});
}

TEST(NativeWalk, CodeWithoutATableIsLeftByFramePointerAndItsCallersAreGuesses) {
    Rules rules;
    rules.rules = {{1, tl::unexpected(FF_STOP_NO_TABLE)},
                   {2, ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 8}},
                   {3, ff_unwind_row{0, FF_CFA_OUTERMOST, 0, 0, 0}}};
    const WalkedStack walked = walk_words({0, 0, kStack + 100, 0x2222, 0x3333}, rules, kStack + 16);
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.frames.size(), 3U);
    EXPECT_FALSE(walked.frames[0].guessed);
    EXPECT_TRUE(walked.frames[1].guessed);
    EXPECT_EQ(walked.frames[1].address, 0x2221U);
    EXPECT_FALSE(walked.frames[2].guessed);
}

TEST(NativeWalk, AFramePointerThatLeadsOutOfCodeIsNoGuess) {
    Rules rules;
    rules.rules = {{1, tl::unexpected(FF_STOP_NO_TABLE)}};
    EXPECT_EQ(walk_words({0, 0, kStack + 100, 0x9999}, rules, kStack + 16).stop, FF_STOP_NO_TABLE);
    rules.rules.at(1) = ff_unwind_row{0, FF_CFA_NONE, 0, 0, 0};
    const WalkedStack walked = walk_words({0, 0, kStack + 100, 0x9999}, rules, kStack + 16);
    EXPECT_EQ(walked.stop, FF_STOP_NO_RULE);
    EXPECT_EQ(walked.frames.size(), 1U);
    EXPECT_EQ(walk_words({}, rules, 0x123).stop, FF_STOP_NO_RULE);
}

TEST(NativeWalk, AnAddressInNoMappingEndsTheWalkBehindItsFrame) {
    Rules rules;
    rules.rules = {{1, ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 8}}};
    const WalkedStack walked = walk_words({0x9999}, rules);
    EXPECT_EQ(walked.stop, FF_STOP_NO_MAPPING);
    EXPECT_EQ(walked.frames.size(), 2U);
}

TEST(NativeWalk, AllRegistersHelpTheInnermostFrame) {
    Rules rules;
    rules.rules = {{1, ff_unwind_row{0, FF_CFA_REGISTER, FF_RBP_SAME, 0, 10}},
                   {2, ff_unwind_row{0, FF_CFA_OUTERMOST, 0, 0, 0}}};
    StackRegisters registers = registers_at_stack();
    registers.by_number[10] = kStack + 16;
    const std::vector<std::uint64_t> words = {0, 0x2222};
    EXPECT_EQ(walk_stack(registers, {kStack, std::as_bytes(std::span(words))}, rules).stop, FF_STOP_OUTERMOST);
}

TEST(NativeWalk, AFrameThatHangsOnRbxIsFoundThroughWhereItsCalleeSavedIt) {
    Rules rules;
    rules.rules = {{1, ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, -2, 16}},
                   {2, ff_unwind_row{0, FF_CFA_REGISTER, FF_RBP_SAME, 0, (16 << 8) | FF_REGISTER_RBX}},
                   {3, ff_unwind_row{0, FF_CFA_OUTERMOST, 0, 0, 0}}};
    const WalkedStack walked = walk_words({kStack + 32, 0x2222, 0, 0, 0, 0x3333}, rules);
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.frames.size(), 3U);
    EXPECT_EQ(walked.frames[2].address, 0x3332U);
}

// The child of vfork overwrites what lies on the stack.
TEST(NativeWalk, AReturnAddressInARegisterIsThatOfTheInnermostFrameOnly) {
    Rules rules;
    rules.rules = {{1, ff_unwind_row{0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 5}},
                   {2, ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 16}},
                   {3, ff_unwind_row{0, FF_CFA_OUTERMOST, 0, 0, 0}}};
    StackRegisters registers = registers_at_stack();
    registers.by_number[5] = 0x2222;
    const std::vector<std::uint64_t> words = {0x6666, 0x3333};
    const StackCopy stack{kStack, std::as_bytes(std::span(words))};
    const WalkedStack walked = walk_stack(registers, stack, rules);
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.frames.size(), 3U);
    EXPECT_EQ(walked.frames[1].address, 0x2221U);
    EXPECT_EQ(walked.frames[2].address, 0x3332U);

    rules.rules.at(2) = ff_unwind_row{0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 5};
    const WalkedStack second = walk_stack(registers, stack, rules);
    EXPECT_EQ(second.stop, FF_STOP_UNSUPPORTED_RULE);
    EXPECT_EQ(second.frames.size(), 2U);
}

}  // namespace
}  // namespace footfall
