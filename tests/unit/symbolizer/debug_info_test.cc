// Functions, lines and inlines from DWARF, in whichever file it is.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "symbolizer/worker/debug_files.h"
#include "symbolizer/worker/module.h"
#include "tests/unit/symbolizer/own_worker.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

constexpr ModuleLimits kPlenty = {std::size_t{64} << 20, std::size_t{64} << 20};

std::string text_of(const SymbolizedAddress& address) {
    if (address.lines.empty()) return std::string("- ") + std::string(text_of(address.miss));
    std::string text;
    for (const Line& line : address.lines) {
        const std::string file = std::filesystem::path(line.file).filename().string();
        text += (text.empty() ? "" : " < ") + line.function + " " + file + ":" + std::to_string(line.line);
    }
    return text;
}

constexpr const char* kChain = "shop::innermost(int) shop.cc:5 < shop::middle(int) shop.cc:8 < shop::outer(int) shop.cc:11";

class DebugInformation : public testing::Test {
protected:
    // Builds the shop; false (and skipped) where it can't be.
    void make(const std::string& flags) {
        program_ = build(scratch_, "shop.cc", kInlinedSource, "-O2 " + flags);
        if (program_.empty()) GTEST_SKIP() << "no compiler that knows " << flags;
        outer_ = addresses_in(program_).at("_ZN4shop5outerEi");
    }
    bool change(const std::string& command) { return run("cd " + scratch_.path() + " && " + command); }

    // Somewhere in outer() must be the store that innermost() does. Returns the longest chain of its first bytes.
    std::string chain_of_outer(const std::string& elf, const std::string& debug = {}, Detail detail = Detail::kLines) {
        ModuleFds files{open_file(elf), debug.empty() ? Fd() : open_file(debug), {}};
        Module module(std::move(files), kPlenty);
        SymbolizedAddress longest;
        for (std::uint64_t address = outer_; address < outer_ + 6; ++address) {
            SymbolizedAddress found = module.symbolize(address, detail);
            if (address == outer_ || found.lines.size() > longest.lines.size()) longest = std::move(found);
        }
        return text_of(longest);
    }

    ScratchDirectory scratch_;
    std::string program_;
    std::uint64_t outer_ = 0;
};

TEST_F(DebugInformation, TellsTheChainOfInlinedFunctions) {
    for (const char* flags :
         {"-gdwarf-4", "-gdwarf-5", "-g -gz=zlib", "-g -gz=zlib-gnu", "-g -no-pie", "-g -fdebug-types-section"}) {
        make(flags);
        if (IsSkipped()) return;
        EXPECT_EQ(chain_of_outer(program_), kChain) << flags;
    }
}

TEST_F(DebugInformation, OfClangToo) {
    if (!has_tool("clang++-14")) GTEST_SKIP() << "no clang++-14";
    write_contents(scratch_.file("shop.cc"), kInlinedSource);
    ASSERT_TRUE(change("clang++-14 -O2 -g -o shop shop.cc"));
    outer_ = addresses_in(scratch_.file("shop")).at("_ZN4shop5outerEi");
    EXPECT_EQ(chain_of_outer(scratch_.file("shop")), kChain);
}

TEST_F(DebugInformation, IsNotReadForNamesAlone) {
    make("-g");
    EXPECT_EQ(chain_of_outer(program_, {}, Detail::kNames), "shop::outer(int) :0");
}

TEST_F(DebugInformation, IsReadFromTheSeparateFile) {
    make("-g");
    ASSERT_TRUE(change("objcopy --only-keep-debug shop shop.debug && strip shop"));
    EXPECT_TRUE(chain_of_outer(program_).starts_with("- "));
    EXPECT_EQ(chain_of_outer(program_, scratch_.file("shop.debug")), kChain);
    EXPECT_EQ(chain_of_outer(program_, scratch_.file("shop.debug"), Detail::kNames), "shop::outer(int) :0");
}

TEST_F(DebugInformation, OfAnotherBuildIsRefusedWithTheReason) {
    make("-g -Wl,--build-id=0x1111");
    ASSERT_TRUE(change("objcopy --only-keep-debug shop shop.debug && strip shop"));
    ASSERT_TRUE(change("g++ -O2 -g -Wl,--build-id=0x2222 -o other shop.cc && objcopy --only-keep-debug other other.debug"));
    EXPECT_EQ(chain_of_outer(program_, scratch_.file("other.debug")), "- " + std::string(text_of(Miss::kDebugFileMismatch)));
}

TEST_F(DebugInformation, WithoutASymbolTableStillNamesFunctions) {
    make("-g");
    ASSERT_TRUE(
        change("objcopy --only-keep-debug shop shop.debug && strip shop && objcopy --strip-all --keep-section='.debug*' "
               "shop.debug"));
    EXPECT_EQ(chain_of_outer(program_, scratch_.file("shop.debug")), kChain);
}

class DebugFileSearch : public DebugInformation {
protected:
    // A root file system with the shop in /srv, stripped; its debug information is left in "shop.debug".
    void install(const std::string& flags = "-Wl,--build-id=0xabcdef") {
        make("-g " + flags);
        if (IsSkipped()) return;
        ASSERT_TRUE(change(
            "objcopy --only-keep-debug shop shop.debug && strip shop && objcopy --add-gnu-debuglink=shop.debug shop"));
        ASSERT_TRUE(change(
            "mkdir -p root/srv/.debug root/usr/lib/debug/.build-id/ab root/usr/lib/debug/srv && cp shop root/srv/shop"));
    }
    std::string found() {
        SymbolizerClient client(own_worker());
        const Fd elf = open_file(root_ + "/srv/shop");
        const auto description = client.describe(elf.get());
        if (!description) return "no description";
        const DebugFiles files = find_debug_files(client, root_, "/srv/shop", *description);
        if (!files.debug.valid()) return std::string(text_of(files.miss));
        std::vector<std::uint64_t> addresses;
        for (std::uint64_t i = 0; i < 6; ++i) addresses.push_back(outer_ + i);
        std::size_t longest = 0;
        const auto names = client.symbols({elf.get(), files.debug.get(), files.alt.get()}, addresses, Detail::kLines);
        for (std::size_t i = 0; i < names.size(); ++i)
            longest = names[i].lines.size() > names[longest].lines.size() ? i : longest;
        return text_of(names[longest]);
    }
    std::string root_ = scratch_.file("root");
};

TEST_F(DebugFileSearch, FindsItByBuildId) {
    install();
    EXPECT_EQ(found(), text_of(Miss::kNoSuchFile));
    ASSERT_TRUE(change("cp shop.debug root/usr/lib/debug/.build-id/ab/cdef.debug"));
    EXPECT_EQ(found(), kChain);
}

// That it can't be told whether it is the right one is no reason to call it another build's.
TEST_F(DebugFileSearch, OfWhatCannotBeCheckedSaysSo) {
    install("-Wl,--build-id=none");
    if (IsSkipped()) return;
    ASSERT_TRUE(change("cp shop.debug root/srv/shop.debug && truncate -s 1T root/srv/shop.debug"));
    EXPECT_EQ(found(), text_of(Miss::kTooLarge));
}

TEST_F(DebugFileSearch, FindsItByNameWhereverDebugFilesAre) {
    install();
    for (const char* place : {"root/srv/shop.debug", "root/srv/.debug/shop.debug", "root/usr/lib/debug/srv/shop.debug"}) {
        ASSERT_TRUE(change(std::string("cp shop.debug ") + place));
        EXPECT_EQ(found(), kChain) << place;
        ASSERT_TRUE(change(std::string("rm ") + place));
    }
}

TEST_F(DebugFileSearch, ChecksTheChecksumWhereThereIsNoBuildId) {
    install("-Wl,--build-id=none");
    ASSERT_TRUE(change("cp shop.debug root/srv/shop.debug"));
    EXPECT_EQ(found(), kChain);
    ASSERT_TRUE(change("truncate --size=+1 root/srv/shop.debug"));
    EXPECT_EQ(found(), text_of(Miss::kDebugFileMismatch));
}

TEST_F(DebugFileSearch, RefusesTheFileOfAnotherBuild) {
    install();
    ASSERT_TRUE(
        change("g++ -O2 -g -Wl,--build-id=0x2222 -o other shop.cc && objcopy --only-keep-debug other root/srv/shop.debug"));
    EXPECT_EQ(found(), text_of(Miss::kDebugFileMismatch));
}

TEST_F(DebugFileSearch, DoesNotLeaveTheRootThatItIsGiven) {
    install();
    ASSERT_TRUE(change("ln -s $PWD/shop.debug root/srv/shop.debug"));
    EXPECT_EQ(found(), text_of(Miss::kNoSuchFile));
}

TEST_F(DebugFileSearch, FollowsWhatDwzMoved) {
    if (!has_tool("dwz")) GTEST_SKIP() << "no dwz";
    install();
    ASSERT_TRUE(change(
        "cp shop.debug a.debug && cp shop.debug b.debug && dwz -m root/srv/common.debug -M common.debug a.debug b.debug "
        "&& cp a.debug root/srv/shop.debug"));
    EXPECT_EQ(found(), kChain);
}

// This test program is large, and its own functions are inlined into each other.
TEST(DebugInformationOfThisProgram, AgreesWithLlvmSymbolizer) {
    if (!has_tool("llvm-symbolizer-14")) GTEST_SKIP() << "no llvm-symbolizer-14";
    ScratchDirectory scratch;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    Module module({open_file(self), {}, {}}, kPlenty);
    const auto description = describe_elf(open_file(self).get());
    ASSERT_TRUE(description);
    if (!description->has_dwarf) GTEST_SKIP() << "this program was built without debug information";

    std::mt19937 random(3);
    std::vector<std::uint64_t> addresses;
    std::string questions;
    while (addresses.size() < 3000) {
        const std::uint64_t address = description->code[0].address + random() % description->code[0].size;
        const auto frames = module.symbolize(address, Detail::kLines).lines;
        if (frames.empty() || frames[0].line == 0) continue;  // what has no line, it fills in from the symbol table
        addresses.push_back(address);
        questions += "0x" + (std::ostringstream() << std::hex << address).str() + "\n";
    }
    write_contents(scratch.file("questions"), questions);
    const auto answers =
        lines_of(output_of("llvm-symbolizer-14 --inlines --functions=linkage --output-style=GNU --obj=" + self + " < " +
                           scratch.file("questions")));
    std::size_t next = 0;
    std::size_t different = 0;
    for (const std::uint64_t address : addresses) {
        bool same = true;
        for (const Line& line : module.symbolize(address, Detail::kLines).lines) {
            ASSERT_LT(next + 1, answers.size());
            const std::string place = line.file + ":" + std::to_string(line.line);
            const std::string theirs = answers[next + 1].substr(0, answers[next + 1].find(" (disc"));
            same = same && answers[next] == line.function && std::filesystem::path(theirs).lexically_normal() == place;
            next += 2;
        }
        different += same ? 0 : 1;
    }
    EXPECT_EQ(next, answers.size());
    // Aliases, and functions of several units, of which each may choose another.
    EXPECT_LE(different, addresses.size() / 1000);
}

// libdw is not ours: a damaged file may end the worker, but nothing else.
TEST_F(DebugInformation, ThatIsDamagedCostsAtMostItself) {
    make("-g");
    const std::string good = contents_of(program_);
    SymbolizerClient client(own_worker(std::chrono::milliseconds(2'000)));
    std::mt19937 random(1);
    std::vector<std::uint64_t> addresses;
    for (std::uint64_t i = 0; i < 64; ++i) addresses.push_back(outer_ - 32 + i);
    for (int round = 0; round < 200; ++round) {
        std::string bad = good;
        for (int i = 0; i < 30; ++i) bad[4096 + random() % (bad.size() - 4096)] = static_cast<char>(random());
        write_contents(scratch_.file("bad"), bad);
        const Fd elf = open_file(scratch_.file("bad"));
        ASSERT_EQ(client.symbols({elf.get()}, addresses, Detail::kLines).size(), addresses.size());
    }
    const Fd elf = open_file(program_);
    const std::vector<std::uint64_t> one{outer_};
    EXPECT_EQ(client.symbols({elf.get()}, one, Detail::kNames)[0].lines.at(0).function, "shop::outer(int)");
}

TEST(GoPrograms, HaveNamesAndLinesThoughTheyAreStripped) {
    const std::string go = has_tool("go") ? "go" : "/usr/local/go/bin/go";
    if (!has_tool(go)) GTEST_SKIP() << "no Go toolchain";
    ScratchDirectory scratch;
    write_contents(scratch.file("go.mod"), "module shop\n");
    write_contents(
        scratch.file("main.go"),
        "package main\n\n//go:noinline\nfunc placeOrder(n int) int {\n\tif n > 3 {\n\t\tpanic(n)\n\t}\n\treturn n * 3\n}\n\n"
        "func main() { println(placeOrder(2)) }\n");
    ASSERT_TRUE(run("cd " + scratch.path() + " && HOME=" + scratch.path() + " GOTOOLCHAIN=local " + go +
                    " build -o full . && strip -o stripped full"));
    const std::uint64_t address = addresses_in(scratch.file("full")).at("main.placeOrder");
    Module module({open_file(scratch.file("stripped")), {}, {}}, kPlenty);
    const SymbolizedAddress found = module.symbolize(address + 1, Detail::kLines);
    EXPECT_EQ(text_of(found), "main.placeOrder main.go:4");
    EXPECT_EQ(found.offset_in_function, 1);
}

}  // namespace
}  // namespace footfall
