#include "symbolizer/functions/function_exits.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "symbolizer/functions/code_functions.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

// Hand-written functions of a library that a process with exceptions maps.
class FunctionExits : public testing::Test {
protected:
    void assemble(const std::string& source) {
        path_ = build(scratch_, "exits.s", ".text\n" + source, "-nostdlib -shared -Wl,-Bsymbolic");
        if (path_.empty()) GTEST_SKIP() << "no assembler for x86-64";
    }
    CodeFunction named(const std::string& name) {
        const Fd fd = open_file(path_);
        const auto answer = list_functions(fd.get(), {{}, 1000, true, true});
        if (!answer) return {};
        EXPECT_EQ(answer->timing, Timing::kByExits);
        const auto found = std::find_if(answer->functions.begin(), answer->functions.end(),
                                        [&](const CodeFunction& function) { return function.name == name; });
        EXPECT_NE(found, answer->functions.end()) << name;
        return found == answer->functions.end() ? CodeFunction{} : *found;
    }
    // Where they are in the function, as "+5" or, under a condition, "+5 if 4".
    std::vector<std::string> exits_of(const std::string& name) {
        const CodeFunction function = named(name);
        EXPECT_EQ(function.not_timed, NotTimed::kNone) << name << ": " << text_of(function.not_timed);
        const std::uint64_t begin = function.file_offset - function.site.offset;
        std::vector<std::string> exits;
        for (const FunctionExit& exit : function.exits) {
            std::string text = "+" + std::to_string(static_cast<std::int64_t>(exit.file_offset - begin));
            if (exit.condition != kAlways) text += " if " + std::to_string(exit.condition);
            exits.push_back(text);
        }
        return exits;
    }

    ScratchDirectory scratch_;
    std::string path_;
};

using Exits = std::vector<std::string>;

std::string define(const std::string& name, const std::string& body) {
    return ".globl " + name + "\n.type " + name + ",@function\n" + name + ":\n" + body + ".size " + name + ",.-" + name +
           "\n";
}

TEST_F(FunctionExits, AreEachReturn) {
    assemble(define("once", "push %rbx\ncall once\npop %rbx\nret\n") +
             define("twice", "call once\ntest %eax,%eax\ncall once\nret\ncall once\nret\n"));
    EXPECT_EQ(exits_of("once"), Exits{"+7"});
    EXPECT_EQ(named("once").exits[0].site_class, SiteClass::kStepped);
    EXPECT_EQ(exits_of("twice"), (Exits{"+12", "+18"}));
}

TEST_F(FunctionExits, AreTheJumpsThatLeadStraightToAReturnWhereThoseAreCheap) {
    assemble(
        define("early", "test %rdi,%rdi\nsub $24,%rsp\nje 1f\ncall early\n1: add $24,%rsp\nret\n") +
        define("late", "push %rbx\ncall early\ntest %eax,%eax\nje 1f\npop %rbx\nret\n1: pop %rbx\nret\n") +
        define("joined", "push %rbx\ntest %rdi,%rdi\njs 1f\ncall early\njmp 2f\n1: call late\njmp 2f\n2: pop %rbx\nret\n"));
    EXPECT_EQ(exits_of("early"), Exits{"+18"}) << "a call may lead there, too";
    EXPECT_EQ(exits_of("late"), Exits{"+8"}) << "whichever way it goes, it returns";
    EXPECT_EQ(named("late").exits[0].site_class, SiteClass::kBranch);
    EXPECT_EQ(named("late").exits[0].place, (ReturnPlace{false, 8})) << "below it lies the register that was pushed";
    EXPECT_EQ(exits_of("joined"), (Exits{"+11", "+18"}));
}

TEST_F(FunctionExits, AreTakenUnderTheConditionOfTheJump) {
    assemble(define("either", "push %rbx\ntest %rdi,%rdi\njs 1f\npop %rbx\nret\n1: call either\nud2\n") +
             define("other", "push %rbx\ntest %rdi,%rdi\njs 1f\ncall other\nud2\n1: pop %rbx\nret\n"));
    EXPECT_EQ(exits_of("either"), Exits{"+4 if 9"});
    EXPECT_EQ(exits_of("other"), Exits{"+4 if 8"});
}

TEST_F(FunctionExits, AreNotInsideOfALoop) {
    assemble(define("loops", "xor %eax,%eax\n1: inc %eax\ncmp %edi,%eax\njne 1b\nret\n"));
    EXPECT_EQ(exits_of("loops"), Exits{"+8"}) << "the jump would be hit in each turn";
}

TEST_F(FunctionExits, KnowTheStackBehindAFramePointer) {
    assemble(
        define("framed",
               "push %rbp\nmov %rsp,%rbp\npush %rbx\nsub $40,%rsp\ntest %rdi,%rdi\njs 1f\nmov -8(%rbp),%rbx\nleave\nret\n"
               "1: call framed\nud2\n") +
        define("lea_frame",
               "push %rbp\nmov %rsp,%rbp\npush %rbx\nand $-32,%rsp\ntest %rdi,%rdi\njs 1f\nlea -8(%rbp),%rsp\npop %rbx\n"
               "pop %rbp\nret\n1: call framed\nud2\n"));
    EXPECT_EQ(exits_of("framed"), Exits{"+12 if 9"});
    EXPECT_EQ(named("framed").exits[0].place, (ReturnPlace{true, 8}));
    EXPECT_EQ(named("lea_frame").exits[0].place, (ReturnPlace{true, 8}));
}

TEST_F(FunctionExits, AreTailCalls) {
    assemble(define("straight", "mov %rdi,%rax\njmp ends\n") + define("ends", "call straight\nret\n") +
             define("on_condition", "test %rdi,%rdi\nje ends\ncall ends\nret\n") +
             define("again", "dec %rdi\njne again\ncall ends\nret\n") + ".globl outside\n" +
             define("by_linkage", "jmp outside@plt\n") + define("by_pointer", "jmp *outside@gotpcrel(%rip)\n") +
             define("by_object", "mov (%rdi),%rax\nmov 16(%rax),%rax\njmp *%rax\n") +
             define("by_object_late", "push %rbx\ncall ends\npop %rbx\nmov (%rdi),%rax\njmp *16(%rax)\n"));
    EXPECT_EQ(exits_of("straight"), Exits{"+3"});
    EXPECT_EQ(exits_of("on_condition"), (Exits{"+3 if 4", "+10"}));
    EXPECT_EQ(exits_of("again"), (Exits{"+3 if 5", "+10"})) << "another call begins";
    EXPECT_EQ(exits_of("by_linkage"), Exits{"+0"});
    EXPECT_EQ(exits_of("by_pointer"), Exits{"+0"});
    EXPECT_EQ(exits_of("by_object"), Exits{"+7"});
    EXPECT_EQ(exits_of("by_object_late"), Exits{"+10"});
}

TEST_F(FunctionExits, AreNotTheJumpsOfASwitch) {
    assemble(define("differences",
                    "lea table(%rip),%rdx\nmovslq (%rdx,%rdi,4),%rax\nadd %rdx,%rax\njmp *%rax\n1: call one\nret\n") +
             define("marked", "test %eax,%eax\nnotrack jmp *%rax\ncall one\nret\n") +
             define("in_frame", "sub $8,%rsp\nlea table(%rip),%rdx\njmp *(%rdx,%rdi,8)\nadd $8,%rsp\nret\n") +
             define("one", "ret\n") + ".section .rodata\ntable: .quad 0\n");
    EXPECT_EQ(exits_of("differences"), Exits{"+21"});
    EXPECT_EQ(exits_of("marked"), Exits{"+10"});
    EXPECT_EQ(exits_of("in_frame"), Exits{"+18"});
}

TEST_F(FunctionExits, AreInThePartsThatTheCompilerMovedAway) {
    assemble(define("has_part", "test %edi,%edi\njne has_part.cold\ncall has_part\nret\n") +
             ".section .text.unlikely,\"ax\"\n.type has_part.cold,@function\nhas_part.cold:\ncall has_part\nnop\nret\n"
             ".size has_part.cold,.-has_part.cold\n");
    const CodeFunction function = named("has_part");
    EXPECT_EQ(function.not_timed, NotTimed::kNone);
    EXPECT_EQ(function.exits.size(), 2U);
}

TEST_F(FunctionExits, AreNotGuessed) {
    assemble(define("data", "call ends\n.byte 0x06\nret\n") + define("runs_on", "mov %rdi,%rax\n") +
             define("ends", "ret\n") + define("roomy", "nop\nnop\nnop\nret\n") + define("midst", "jmp roomy+2\n") +
             define("by_either", "mov (%rsi,%rdi,8),%rax\njmp *%rax\n") + define("never", "call ends\nud2\n") +
             define("splits", "jmp 1f+1\n1: call ends\nret\n"));
    EXPECT_EQ(named("data").not_timed, NotTimed::kUnreadable);
    EXPECT_EQ(named("runs_on").not_timed, NotTimed::kRunsOn);
    EXPECT_EQ(named("midst").not_timed, NotTimed::kUnknownJump);
    EXPECT_EQ(named("by_either").not_timed, NotTimed::kIndirectJump);
    EXPECT_EQ(named("never").not_timed, NotTimed::kNeverReturns);
    EXPECT_EQ(named("splits").not_timed, NotTimed::kUnreadable);
    for (const char* name : {"data", "runs_on", "midst", "by_either", "never", "splits"})
        EXPECT_EQ(named(name).no_site, NoSite::kNone) << name << " is counted all the same";
}

TEST_F(FunctionExits, BeginWhereTheStackIsKnown) {
    assemble(define("moves", "sub $24,%rsp\ntest %rdi,%rdi\nje 1f\ncall moves\n1: add $24,%rsp\nret\n") +
             define("aligns", "and $-32,%rsp\nje 1f\n1: ret\n"));
    EXPECT_EQ(named("moves").site.offset, 7U);
    EXPECT_EQ(named("moves").site.pushed, 24U);
    EXPECT_EQ(named("aligns").site.offset, 0U);
}

}  // namespace
}  // namespace footfall
