// The steps that the stacks probe takes in the kernel out of a virtual machine's code, natively.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "symbolizer/interpreters/hotspot/walk_rules.h"
#include "symbolizer/unwind/native_unwinder.h"
#include "tests/unit/hotspot/made_vm.h"

namespace footfall {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kStack = 0x7fff00000000;
constexpr std::uint64_t kStackWords = 512;
constexpr std::uint64_t kNative = 0x400100;  // code that has rows: nobody called it

class NativeRows final : public RowSource {
public:
    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t address) override {
        if (address < kNative - 0x100 || address > kNative + 0x100) return tl::unexpected(FF_STOP_NO_MAPPING);
        ff_unwind_row row{};
        row.cfa = FF_CFA_OUTERMOST;
        return row;
    }
};

class WalkOf : public testing::TestWithParam<int> {
protected:
    // A stub with a frame of its own, as that by which native code calls Java, is what every stack here ends with.
    WalkOf() {
        stub_ = made_.add_blob(400, {.name = "StubRoutines (1)", .frame_words = 0, .frame_complete = -1, .compile_id = 0});
        registers_.by_number[FF_REGISTER_RSP] = kStack;
    }

    [[nodiscard]] std::uint64_t in_stub() const { return made_.code_of(stub_) + 100; }
    void put(std::uint64_t word, std::uint64_t value) { words_.at(word) = value; }
    // At that word lies what the call stub saved of its caller, which is native. Its address is what rbp has to be.
    std::uint64_t put_call_stub(std::uint64_t word) {
        put(word, 0);
        put(word + 1, kNative);
        return at(word);
    }
    [[nodiscard]] static std::uint64_t at(std::uint64_t word) { return kStack + 8 * word; }
    void begin_at(std::uint64_t ip, std::uint64_t rbp) {
        registers_.instruction_pointer = ip;
        registers_.by_number[FF_REGISTER_RBP] = rbp;
    }

    WalkedStack walk() {
        const auto vm = Hotspot::read(made_.memory, MadeVm::kLibjvm);
        if (!vm) return {};
        const HotspotProcess process{walk_rules_of(*vm), &made_.memory};
        NativeRows rows;
        return walk_stack(registers_, {kStack, std::as_bytes(std::span(words_))}, rows, &process);
    }
    static std::vector<std::uint64_t> addresses_of(const WalkedStack& walked) {
        std::vector<std::uint64_t> addresses;
        for (const WalkedFrame& frame : walked.frames) addresses.push_back(frame.address);
        return addresses;
    }
    // The stack has the method's own frame, then the call stub's: whole, or without what code has not pushed or has popped.
    void expect_callers_found(std::uint64_t ip, std::uint64_t words_left, bool rbp_is_saved) {
        const std::uint64_t stub_frame = put_call_stub(20);
        if (rbp_is_saved) put(words_left - 2, stub_frame);
        put(words_left - 1, in_stub());
        begin_at(ip, rbp_is_saved ? 0x1234 : stub_frame);
        const WalkedStack walked = walk();
        EXPECT_THAT(addresses_of(walked), ElementsAre(ip, in_stub() - 1, kNative - 1));
        EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
        EXPECT_FALSE(walked.frames.size() < 2 || walked.frames[1].guessed);
        words_.fill(0);
    }

    MadeVm made_{GetParam()};
    std::uint64_t stub_ = 0;
    std::array<std::uint64_t, kStackWords> words_{};
    StackRegisters registers_;
};

INSTANTIATE_TEST_SUITE_P(Versions, WalkOf, testing::Values(17, 25));

TEST_P(WalkOf, CompiledMethodsAreLeftByTheSizeOfTheirFrames) {
    const std::uint64_t inner = made_.add_blob(64, {.frame_words = 4, .compile_id = 7});
    const std::uint64_t outer = made_.add_blob(128, {.frame_words = 10, .compile_id = 8});
    const std::uint64_t stub_frame = put_call_stub(30);
    put(2, 0x1234);  // what the outer one had in rbp, which is no frame pointer
    put(3, made_.code_of(outer) + 60);
    put(12, stub_frame);
    put(13, in_stub());
    begin_at(made_.code_of(inner) + 50, 0x5678);
    const WalkedStack walked = walk();
    EXPECT_THAT(addresses_of(walked),
                ElementsAre(made_.code_of(inner) + 50, made_.code_of(outer) + 59, in_stub() - 1, kNative - 1));
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.script.size(), 3);
    EXPECT_EQ(walked.script[0].function, inner);
    EXPECT_EQ(walked.script[0].position, made_.code_of(inner) + 50 - inner);
    EXPECT_EQ(walked.script[0].check, 7 | FF_HOTSPOT_EXACT | FF_SCRIPT_ENTRY);
    EXPECT_EQ(walked.script[1].function, outer);
    EXPECT_EQ(walked.script[1].position, made_.code_of(outer) + 60 - outer);
    EXPECT_EQ(walked.script[1].check, 8 | FF_SCRIPT_ENTRY);
    EXPECT_EQ(walked.script[2].function, stub_);
}

// stack bang; push %rbp; sub $0x10,%rsp; a barrier; code; add $0x10,%rsp; pop %rbp; poll; ja; ret
TEST_P(WalkOf, MethodsAreLeftFromEachInstructionThatBuildsTheirFrame) {
    std::vector<std::uint8_t> code = {0x89, 0x84, 0x24, 0x00, 0xc0, 0xfe, 0xff, 0x55, 0x48, 0x83, 0xec, 0x10, 0x41,
                                      0x81, 0x7f, 0x20, 0x01, 0x00, 0x00, 0x00, 0x0f, 0x85, 0x00, 0x01, 0x00, 0x00};
    const int complete = static_cast<int>(code.size());
    const std::vector<std::uint8_t> end = {0x90, 0x90, 0x48, 0x83, 0xc4, 0x10, 0x5d, 0x49, 0x3b, 0xa7, 0x48,
                                           0x03, 0x00, 0x00, 0x0f, 0x87, 0x01, 0x00, 0x00, 0x00, 0xc3};
    code.insert(code.end(), end.begin(), end.end());
    code.resize(256, 0x90);
    const std::uint64_t blob = made_.add_blob(64, {.code = code, .frame_words = 4, .frame_complete = complete});
    const std::uint64_t at = made_.code_of(blob);
    expect_callers_found(at, 1, false);       // nothing is pushed
    expect_callers_found(at + 7, 1, false);   // push
    expect_callers_found(at + 8, 2, true);    // sub
    expect_callers_found(at + 12, 4, true);   // the barrier
    expect_callers_found(at + 20, 4, true);   // its jump
    expect_callers_found(at + 26, 4, true);   // the method's own
    expect_callers_found(at + 28, 4, true);   // add
    expect_callers_found(at + 32, 2, true);   // pop
    expect_callers_found(at + 33, 1, false);  // the poll
    expect_callers_found(at + 40, 1, false);  // ja
    expect_callers_found(at + 46, 1, false);  // ret
}

// sub $0x18,%rsp; mov %rbp,0x10(%rsp)
TEST_P(WalkOf, MethodsThatStoreRbpInsteadOfPushingItAreLeft) {
    std::vector<std::uint8_t> code = {0x48, 0x81, 0xec, 0x18, 0x00, 0x00, 0x00, 0x48, 0x89, 0x6c, 0x24, 0x10};
    const int complete = static_cast<int>(code.size());
    code.resize(256, 0x90);
    const std::uint64_t blob = made_.add_blob(64, {.code = code, .frame_words = 4, .frame_complete = complete});
    expect_callers_found(made_.code_of(blob), 1, false);
    expect_callers_found(made_.code_of(blob) + 7, 4, false);
    expect_callers_found(made_.code_of(blob) + 12, 4, true);
}

// The interpreter's frame: what is saved of the caller at rbp, below it the sender's sp, the last sp, the method and so on.
TEST_P(WalkOf, InterpretedFramesTellMethodAndBytecode) {
    const std::uint64_t method = made_.add_method({});
    const std::uint64_t bytecodes = made_.const_method_of(method) + made_.const_method_bytes();
    const std::uint64_t stub_frame = put_call_stub(40);
    for (const std::uint64_t word : {10, 25}) {
        put(word - 8, bytecodes + word);
        put(word - 3, method);
    }
    put(9, at(12));
    put(10, at(25));
    put(11, MadeVm::kInterpreter + 0x300);
    put(24, at(27));
    put(25, stub_frame);
    put(26, in_stub());
    begin_at(MadeVm::kInterpreter + 0x200, at(10));
    registers_.by_number[13] = bytecodes + 3;
    const WalkedStack walked = walk();
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    EXPECT_THAT(addresses_of(walked),
                ElementsAre(MadeVm::kInterpreter + 0x200, MadeVm::kInterpreter + 0x2ff, in_stub() - 1, kNative - 1));
    ASSERT_EQ(walked.script.size(), 3);
    EXPECT_EQ(walked.script[0].function, method);
    EXPECT_EQ(walked.script[0].position, 3);  // r13 is ahead of what the frame says
    EXPECT_EQ(walked.script[1].position, 25);
    EXPECT_EQ(walked.script[1].check & FF_HOTSPOT_INTERPRETED, FF_HOTSPOT_INTERPRETED);
}

// What compiled code calls is interpreted: between the two lie the arguments, which neither frame has in its size.
TEST_P(WalkOf, ACompiledCallerEndsWhereItDidBeforeTheArguments) {
    const std::uint64_t method = made_.add_method({});
    const std::uint64_t caller = made_.add_blob(64, {.frame_words = 4});
    const std::uint64_t stub_frame = put_call_stub(40);
    put(7, method);
    put(9, at(15));  // three words of arguments
    put(10, 0x1234);
    put(11, made_.code_of(caller) + 80);
    put(17, stub_frame);
    put(18, in_stub());
    begin_at(MadeVm::kInterpreter + 0x200, at(10));
    const WalkedStack walked = walk();
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    EXPECT_EQ(walked.frames.size(), 4);
}

// Then the return address is that of a handler, and the frame has its own one.
TEST_P(WalkOf, FramesThatAreToBeInterpretedFromThereOnAreNamedByWhereTheyWere) {
    const std::uint64_t inner = made_.add_blob(64, {.frame_words = 4});
    const std::uint64_t outer = made_.add_blob(128, {.frame_words = 6, .original_pc = 16});
    const std::uint64_t handler = made_.code_of(outer) + 256 - 8;
    const std::uint64_t stub_frame = put_call_stub(30);
    put(3, handler);
    put(4 + 2, made_.code_of(outer) + 60);
    put(8, stub_frame);
    put(9, in_stub());
    begin_at(made_.code_of(inner) + 50, 0x5678);
    const WalkedStack walked = walk();
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.script.size(), 3);
    EXPECT_EQ(walked.script[1].position, made_.code_of(outer) + 60 - outer);
}

// The map's bytes lead 254 segments back at most.
TEST_P(WalkOf, LargeMethodsAreFoundFromTheirFarEnd) {
    const std::uint64_t blob = made_.add_blob(1000, {.code = std::vector<std::uint8_t>(0x18000, 0x90), .frame_words = 4});
    expect_callers_found(made_.code_of(blob) + 0x17f00, 4, true);
    expect_callers_found(made_.code_of(blob) + 100, 4, true);
}

TEST_P(WalkOf, StubsAreLeftFromEachInstructionThatBuildsTheirFrame) {
    std::vector<std::uint8_t> code(256, 0x90);
    code[100] = 0x55;
    code[150] = 0x5d;
    code[151] = 0xc3;
    const std::uint64_t blob = made_.add_blob(64, {.name = "StubRoutines (2)", .code = code, .frame_words = 0});
    const std::uint64_t at = made_.code_of(blob);
    expect_callers_found(at + 100, 1, false);
    expect_callers_found(at + 101, 2, true);
    expect_callers_found(at + 150, 2, true);
    expect_callers_found(at + 151, 1, false);
}

// As that by which the processor's cache of instructions is told of changes.
TEST_P(WalkOf, StubsThatNativeCodeCallsReturnThere) {
    const std::uint64_t method = made_.add_blob(64, {.frame_words = 4});
    put(0, kNative);
    put(2, made_.code_of(method) + 60);
    begin_at(in_stub(), at(9));
    EXPECT_THAT(addresses_of(walk()), ElementsAre(in_stub(), kNative - 1));
}

// Of the frame there is no more than rbp, or the next words; what lies below is left over from other calls.
TEST_P(WalkOf, InterpretedFramesThatAreBeingBuiltAreLeft) {
    const std::uint64_t method = made_.add_method({});
    const std::uint64_t caller = made_.add_blob(64, {.frame_words = 4});
    for (const std::uint64_t pushed : {0, 1, 3}) {
        put(10 - 3, method);  // left over from another call
        put(9, at(14));
        put(10, 0x1234);
        put(11, made_.code_of(caller) + 60);
        const std::uint64_t frame_end = pushed == 0 ? 12 : 14;
        put(frame_end + 2, put_call_stub(40));
        put(frame_end + 3, in_stub());
        begin_at(MadeVm::kInterpreter + 0x10, at(10));
        registers_.by_number[FF_REGISTER_RSP] = at(10 - pushed);
        const WalkedStack walked = walk();
        EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST) << pushed;
        EXPECT_EQ(walked.script.size(), 3) << pushed;
        EXPECT_EQ(walked.script[0].function, 0) << pushed;
        words_.fill(0);
    }
}

// Between its rbp and its return address lies a word of ones.
TEST_P(WalkOf, TheBarrierAtTheEntryOfMethodsIsLeft) {
    const std::uint64_t method = made_.add_blob(64, {.frame_words = 4});
    put(6, at(20));
    put(7, ~std::uint64_t{0});
    put(8, made_.code_of(method) + 60);
    put(11, put_call_stub(20));
    put(12, in_stub());
    begin_at(in_stub(), at(6));
    EXPECT_EQ(walk().stop, FF_STOP_OUTERMOST);
    EXPECT_EQ(walk().frames.size(), 4);
}

// rbp still leads to the frame of a method further out.
TEST_P(WalkOf, MethodsThatAreAboutToBeInterpretedDoNotHideTheirCompiledCaller) {
    const std::uint64_t caller = made_.add_blob(64, {.frame_words = 4});
    const std::uint64_t method = made_.add_method({});
    put(0, made_.code_of(caller) + 60);
    put(3, at(30));
    put(4, MadeVm::kInterpreter + 0x300);
    put(27, method);
    put(29, at(32));
    put(30, put_call_stub(40));
    put(31, in_stub());
    begin_at(MadeVm::kInterpreter + 0x10, at(30));
    const WalkedStack walked = walk();
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.script.size(), 4);
    EXPECT_EQ(walked.script[0].function, 0);
    EXPECT_EQ(walked.script[1].function, caller);
    EXPECT_EQ(walked.script[2].function, method);
}

TEST_P(WalkOf, CodeThatIsFreedLeadsToItsCallersAsAGuess) {
    const std::uint64_t caller = made_.add_blob(64, {.frame_words = 4});
    const std::uint64_t stub_frame = put_call_stub(20);
    put(2, made_.code_of(caller) + 60);
    put(5, stub_frame);
    put(6, in_stub());
    begin_at(MadeVm::kHeap + 0x20000, 0x1234);
    const WalkedStack walked = walk();
    EXPECT_EQ(walked.stop, FF_STOP_OUTERMOST);
    ASSERT_EQ(walked.frames.size(), 4);
    EXPECT_TRUE(walked.frames[1].guessed);
    EXPECT_EQ(walked.script[0].function, 0);
}

TEST_P(WalkOf, DamagedStacksEndWithAReason) {
    const std::uint64_t blob = made_.add_blob(64, {.frame_words = 4});
    begin_at(made_.code_of(blob) + 50, 0);
    EXPECT_EQ(walk().stop, FF_STOP_NO_RULE);  // no word of it leads anywhere
    for (std::uint64_t word = 0; word < kStackWords; ++word) put(word, made_.code_of(blob) + 60);
    EXPECT_EQ(walk().stop, FF_STOP_TOO_DEEP);  // the same method for ever
    begin_at(MadeVm::kInterpreter + 0x200, at(kStackWords) + 64);
    words_.fill(0);
    EXPECT_EQ(walk().stop, FF_STOP_NO_RULE);
    registers_.by_number[FF_REGISTER_RSP] = 8;
    EXPECT_NE(walk().stop, FF_STOP_OUTERMOST);
}

TEST_P(WalkOf, WhereNoVirtualMachineIsKnownItsCodeIsNone) {
    const std::uint64_t blob = made_.add_blob(64, {.frame_words = 4});
    begin_at(made_.code_of(blob) + 50, 0);
    NativeRows rows;
    const WalkedStack walked = walk_stack(registers_, {kStack, std::as_bytes(std::span(words_))}, rows);
    EXPECT_EQ(walked.stop, FF_STOP_NO_MAPPING);
    EXPECT_THAT(walked.script, IsEmpty());
}

}  // namespace
}  // namespace footfall
