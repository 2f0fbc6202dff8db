#include "symbolizer/functions/code_functions.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "symbolizer/dwarf/debug_info.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

constexpr std::size_t kPlenty = 1000;

FunctionAnswer functions_in(const std::string& path, FunctionQuery query) {
    const Fd fd = open_file(path);
    auto answer = list_functions(fd.get(), query);
    EXPECT_TRUE(answer) << path;
    return answer.value_or(FunctionAnswer{});
}

// A library of hand-written code, so that each function is what the test says.
class CodeFunctions : public testing::Test {
protected:
    void assemble(const std::string& source) {
        path_ = build(scratch_, "rules.s", ".text\n" + source, "-nostdlib -shared");
        if (path_.empty()) GTEST_SKIP() << "no assembler for x86-64";
    }
    FunctionAnswer all(bool timed = false, bool unwound = false) {
        return functions_in(path_, {{}, kPlenty, timed, unwound});
    }
    CodeFunction named(const std::string& name, bool timed = false, bool unwound = false) {
        const FunctionAnswer answer = all(timed, unwound);
        const auto found = std::find_if(answer.functions.begin(), answer.functions.end(),
                                        [&](const CodeFunction& function) { return function.name == name; });
        EXPECT_NE(found, answer.functions.end()) << name;
        return found == answer.functions.end() ? CodeFunction{} : *found;
    }

    ScratchDirectory scratch_;
    std::string path_;
};

std::string function(const std::string& name, const std::string& body) {
    return ".globl " + name + "\n.type " + name + ",@function\n" + name + ":\n" + body + ".size " + name + ",.-" + name +
           "\n";
}

TEST_F(CodeFunctions, AreCountedAtTheCheapestInstructionThatRunsOnceInACall) {
    assemble(function("pushes", "endbr64\npush %rbx\npop %rbx\nret\n") +
             function("branches", "mov %rdi,%rax\ntest %rax,%rax\nje 1f\ninc %rax\n1: ret\n") +
             function("jumps", "mov %rdi,%rax\njmp pushes\n") + function("short", "lea (%rdi,%rdi),%rax\nret\n") +
             function("padded", "nop\nret\n"));
    EXPECT_EQ(named("pushes").site.offset, 4U);
    EXPECT_EQ(named("pushes").site.site_class, SiteClass::kPush);
    EXPECT_EQ(named("branches").site.offset, 6U);
    EXPECT_EQ(named("branches").site.site_class, SiteClass::kBranch);
    EXPECT_EQ(named("jumps").site.site_class, SiteClass::kBranch);
    EXPECT_EQ(named("short").site.offset, 0U);
    EXPECT_EQ(named("short").site.site_class, SiteClass::kStepped) << "it has no instruction that the kernel emulates";
    EXPECT_EQ(named("padded").site.site_class, SiteClass::kNop);
}

TEST_F(CodeFunctions, AreNotCountedInsideOfALoop) {
    assemble(function("loops", "mov %rdi,%rax\n1: dec %rax\njne 1b\nret\n") +
             function("turns", "1: push %rdi\npop %rdi\ndec %rdi\njne 1b\nret\n"));
    EXPECT_EQ(named("loops").site.offset, 0U) << "the jump itself is passed as often as it jumps";
}

TEST_F(CodeFunctions, EndWhereAnotherOneBegins) {
    assemble(".globl outer\n.type outer,@function\nouter:\nmov %rdi,%rax\n" +
             function("entry", "push %rbx\npop %rbx\nret\n") + ".size outer,.-outer\n");
    EXPECT_EQ(named("outer").site.offset, 0U) << "the push is also passed by who calls entry";
    EXPECT_EQ(named("outer").size, 3U);
    EXPECT_EQ(named("entry").site.offset, 0U);
}

TEST_F(CodeFunctions, WithSeveralNamesAreOne) {
    assemble(".globl one\n.type one,@function\none:\n" + function("another", "ret\n") + ".size one,.-one\n");
    const FunctionAnswer answer = all();
    ASSERT_EQ(answer.functions.size(), 1U);
    EXPECT_EQ(answer.functions[0].name, "one");
    EXPECT_EQ(answer.functions[0].aliases, std::vector<std::string>{"another"});
    EXPECT_EQ(functions_in(path_, {{"anoth*"}, kPlenty}).matched, 1U) << "each of its names means it";
}

TEST_F(CodeFunctions, ThatAreNoneSayWhy) {
    assemble(
        ".globl chooses\n.type chooses,@gnu_indirect_function\nchooses: lea chosen(%rip),%rax\nret\n.size "
        "chooses,.-chooses\n.hidden chosen\n" +
        function("chosen", "ret\n") + function("works.cold", "ret\n") + function("data", ".byte 0x06,0x06,0x06\n"));
    EXPECT_EQ(named("chooses").no_site, NoSite::kIndirect);
    EXPECT_EQ(named("works.cold").no_site, NoSite::kPart);
    EXPECT_EQ(named("data").no_site, NoSite::kUnreadable);
    EXPECT_EQ(named("chosen").no_site, NoSite::kNone);
}

TEST_F(CodeFunctions, ThatAreTimedAreProbedBeforeTheyMoveTheStack) {
    assemble(function("late", "sub $24,%rsp\ntest %rdi,%rdi\nje 1f\ninc %rdi\n1: add $24,%rsp\nret\n"));
    EXPECT_EQ(named("late", false).site.site_class, SiteClass::kBranch);
    EXPECT_EQ(named("late", true).site.offset, 0U) << "later, the address to return to is not where the kernel looks for it";
}

TEST_F(CodeFunctions, AreListedUpToALimitAndCountedBeyondIt) {
    assemble(function("a", "ret\n") + function("b", "ret\n") + function("c", "ret\n"));
    const FunctionAnswer answer = functions_in(path_, {{}, 2});
    EXPECT_EQ(answer.functions.size(), 2U);
    EXPECT_EQ(answer.matched, 3U);
    EXPECT_EQ(answer.known, 3U);
}

TEST_F(CodeFunctions, ThatNobodyNamedHaveNeighboursInSpelling) {
    assemble(function("place_order", "ret\n") + function("cancel_order", "ret\n") + function("unrelated", "ret\n"));
    EXPECT_EQ(functions_in(path_, {{"place_ordre"}, kPlenty}).nearest, std::vector<std::string>{"place_order"});
    EXPECT_EQ(functions_in(path_, {{"order"}, kPlenty}).nearest, (std::vector<std::string>{"place_order", "cancel_order"}));
    EXPECT_TRUE(functions_in(path_, {{"*order"}, kPlenty}).nearest.empty()) << "it matched";
}

TEST_F(CodeFunctions, ArePickedByRegularExpressionsToo) {
    assemble(function("place_order", "ret\n") + function("cancel_order", "ret\n") + function("unrelated", "ret\n"));
    const FunctionAnswer answer =
        functions_in(path_, {.globs = {"unrel*"}, .most = kPlenty, .regexes = {"^(place|cancel)_"}});
    EXPECT_EQ(answer.matched, 3U);
    EXPECT_EQ(functions_in(path_, {.most = kPlenty, .regexes = {"_orders?$"}}).matched, 2U);
    const FunctionAnswer none = functions_in(path_, {.most = kPlenty, .regexes = {"^place_ordre[0-9]*$"}});
    EXPECT_EQ(none.matched, 0U);
    EXPECT_EQ(none.nearest, std::vector<std::string>{"place_order"});
}

TEST(FunctionsOf, AFileThatIsNoneOrHasNoNames) {
    const ScratchDirectory scratch;
    write_contents(scratch.file("text"), "no ELF file at all");
    const Fd text = open_file(scratch.file("text"));
    EXPECT_EQ(list_functions(text.get(), {{}, kPlenty}).error(), Miss::kNotElf);
}

// place() is of one source file, what it calls of another; the third has no code of its own.
std::string build_shop(const ScratchDirectory& scratch, const std::string& flags) {
    write_contents(scratch.file("price.h"), "__attribute__((noinline)) static int price(int n) { return n * 3; }\n");
    return build(scratch, "shop.cc",
                 "#include \"price.h\"\n"
                 "volatile int sink;\n"
                 "__attribute__((noinline)) void place(int n) { sink = price(n); }\n"
                 "int main(int c, char**) { place(c); return sink == 0; }\n",
                 flags);
}

std::vector<std::string> names_in(const FunctionAnswer& answer) {
    std::vector<std::string> names;
    for (const CodeFunction& function : answer.functions) names.push_back(function.name);
    std::sort(names.begin(), names.end());
    return names;
}

FunctionAnswer functions_from(const std::string& path, std::vector<std::string> sources, const std::string& debug = {}) {
    const Fd elf = open_file(path);
    const Fd separate = debug.empty() ? Fd() : open_file(debug);
    auto info = DebugInfo::open(debug.empty() ? elf.get() : separate.get(), -1, std::size_t{32} << 20);
    std::vector<DebugFrame> frames;
    const FunctionHelp help{separate.get(), [&](std::uint64_t address) {
                                frames.clear();
                                if (info) info->find(address, frames);
                                return frames.empty() ? std::string_view() : frames.back().file;
                            }};
    return list_functions(elf.get(), {.most = kPlenty, .sources = std::move(sources)}, help).value_or(FunctionAnswer{});
}

TEST(FunctionsOf, SourceFilesArePickedByPathOrItsEnd) {
    const ScratchDirectory scratch;
    const std::string shop = build_shop(scratch, "-O1 -g");
    if (shop.empty()) GTEST_SKIP() << "no compiler";
    EXPECT_EQ(names_in(functions_from(shop, {"price.h"})), std::vector<std::string>{"price(int)"});
    EXPECT_EQ(names_in(functions_from(shop, {"shop.cc"})), (std::vector<std::string>{"main", "place(int)"}));
    EXPECT_EQ(functions_from(shop, {scratch.file("*")}).matched, 3U);
    EXPECT_EQ(functions_from(shop, {"rice.h"}).matched, 0U) << "no end of a path, but of a name";
    EXPECT_EQ(functions_from(shop, {"prize.h"}).nearest, std::vector<std::string>{"@" + scratch.file("price.h")});
}

TEST(FunctionsOf, SourceFilesThatAreNotKnownAreSaid) {
    const ScratchDirectory scratch;
    const std::string shop = build_shop(scratch, "-O1");
    if (shop.empty()) GTEST_SKIP() << "no compiler";
    const FunctionAnswer answer = functions_from(shop, {"shop.cc"});
    EXPECT_TRUE(answer.no_sources);
    EXPECT_EQ(answer.matched, 0U);
}

TEST(FunctionsOf, AStrippedProgramHaveTheNamesOfItsDebugFile) {
    const ScratchDirectory scratch;
    const std::string shop = build_shop(scratch, "-O1 -g");
    if (shop.empty() || !has_tool("objcopy")) GTEST_SKIP() << "no compiler, or no objcopy";
    const std::string debug = scratch.file("shop.debug");
    const std::string whole = scratch.file("whole");
    ASSERT_TRUE(run("cp " + shop + " " + whole) && run("objcopy --only-keep-debug " + shop + " " + debug) &&
                run("strip " + shop));
    const FunctionAnswer answer = functions_from(shop, {"shop.cc"}, debug);
    EXPECT_EQ(names_in(answer), (std::vector<std::string>{"main", "place(int)"}));
    const FunctionAnswer unstripped = functions_from(whole, {"shop.cc"});
    ASSERT_EQ(answer.functions.size(), unstripped.functions.size());
    for (std::size_t i = 0; i < answer.functions.size(); ++i) {
        EXPECT_EQ(answer.functions[i].no_site, NoSite::kNone) << "the code is that of the program";
        EXPECT_EQ(answer.functions[i].file_offset, unstripped.functions[i].file_offset);
    }
}

TEST(FunctionsOf, ProgramsThatThrowAreKnown) {
    const ScratchDirectory scratch;
    const std::string throws =
        build(scratch, "throws.cc", "int main(int c, char**) { if (c > 1) throw 1; return 0; }\n", "-O1");
    const std::string plain =
        build(scratch, "plain.cc", "int plain() { return 0; }\n", "-nostdlib -shared -fPIC -fno-exceptions");
    if (throws.empty() || plain.empty()) GTEST_SKIP() << "no compiler";
    EXPECT_EQ(functions_in(throws, {{}, kPlenty, true}).timing, Timing::kByExits);
    EXPECT_EQ(functions_in(plain, {{}, kPlenty, true}).timing, Timing::kByReturn);
    EXPECT_EQ(functions_in(plain, {{}, kPlenty, true, true}).timing, Timing::kByExits)
        << "a library that it calls may throw";
}

}  // namespace
}  // namespace footfall
