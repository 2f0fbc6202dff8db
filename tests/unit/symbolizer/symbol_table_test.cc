#include "symbolizer/elf/symbol_table.h"

#include <gtest/gtest.h>

#include <climits>
#include <cstring>
#include <random>

#include "symbolizer/elf/description.h"
#include "tests/unit/symbolizer/programs.h"
#include "tests/unit/unwind/elf_image.h"

namespace footfall {
namespace {

constexpr std::size_t kPlenty = std::size_t{64} << 20;

tl::expected<SymbolTable, Miss> table_of(const std::string& path, std::size_t max_bytes = kPlenty) {
    const Fd fd = open_file(path);
    const auto file = ElfFile::open(fd.get());
    if (!file) return tl::unexpected(file.error());
    return SymbolTable::read(*file, max_bytes);
}

std::string name_at(const SymbolTable& table, std::uint64_t address) {
    const auto symbol = table.find(address);
    return symbol ? std::string(symbol->name) : "-";
}

// A library of hand-written code, so that each symbol is what the test says. _base is where it starts.
class SymbolRules : public testing::Test {
protected:
    void assemble(const std::string& source, const std::string& more_flags = {}) {
        const std::string path = build(scratch_, "rules.s", ".text\n.globl _base\n_base:\n.p2align 4\n" + source,
                                       "-nostdlib -shared " + more_flags);
        if (path.empty()) GTEST_SKIP() << "no assembler for x86-64";
        auto table = table_of(path);
        ASSERT_TRUE(table) << text_of(table.error());
        table_ = std::move(*table);
        base_ = addresses_in(path).at("_base");
    }
    std::string at(std::uint64_t offset) { return name_at(table_, base_ + offset); }

    ScratchDirectory scratch_;
    SymbolTable table_;
    std::uint64_t base_ = 0;
};

TEST_F(SymbolRules, AGlobalNameIsBetterThanAWeakOneThanALocalOne) {
    assemble(
        ".type local,@function\nlocal: .size local,16\n"
        ".weak weak\n.type weak,@function\nweak: .size weak,16\n"
        ".globl global\n.type global,@function\nglobal: .size global,16\n.skip 16\n"
        ".weak weak2\n.type weak2,@function\nweak2: .size weak2,16\n"
        ".type local2,@function\nlocal2: .size local2,16\n.skip 16\n");
    EXPECT_EQ(at(0), "global");
    EXPECT_EQ(at(15), "global");
    EXPECT_EQ(at(16), "weak2");
}

TEST_F(SymbolRules, OfEqualBindingTheLongerThenTheShorterNameThenTheFirst) {
    assemble(
        ".globl longer\n.type longer,@function\nlonger: .size longer,32\n"
        ".globl b\n.type b,@function\nb: .size b,16\n.skip 32\n"
        ".globl bb\n.type bb,@function\nbb: .size bb,16\n"
        ".globl c\n.type c,@function\nc: .size c,16\n"
        ".globl a\n.type a,@function\na: .size a,16\n.skip 16\n");
    EXPECT_EQ(at(0), "longer");
    EXPECT_EQ(at(31), "longer");
    EXPECT_EQ(at(32), "a");
}

TEST_F(SymbolRules, BytesThatOnlyTheLoserCoversStayItsOwn) {
    assemble(
        ".type local,@function\nlocal: .size local,32\n"
        ".globl global\n.type global,@function\nglobal: .size global,16\n.skip 32\n");
    EXPECT_EQ(at(8), "global");
    EXPECT_EQ(at(24), "local");
    EXPECT_EQ(at(32), "-");
}

TEST_F(SymbolRules, AFunctionWithinAnotherHasItsBytesOnly) {
    assemble(
        ".globl outer\n.type outer,@function\nouter: .size outer,48\n.skip 16\n"
        ".globl inner\n.type inner,@function\ninner: .size inner,16\n.skip 32\n");
    EXPECT_EQ(at(15), "outer");
    EXPECT_EQ(at(16), "inner");
    EXPECT_EQ(at(31), "inner");
    EXPECT_EQ(at(32), "outer");
    EXPECT_EQ(table_.find(base_ + 32)->start, base_);
}

TEST_F(SymbolRules, AFunctionWithoutSizeReachesToTheNextOneButNotPastItsSection) {
    assemble(
        ".globl first\n.type first,@function\nfirst: .skip 16\n"
        ".globl second\n.type second,@function\nsecond: .size second,16\n.skip 32\n"
        ".globl last\n.type last,@function\nlast: .skip 16\n"
        ".section .other,\"ax\",@progbits\n.skip 64\n");
    EXPECT_EQ(at(15), "first");
    EXPECT_EQ(at(16), "second");
    EXPECT_EQ(at(32), "-");
    EXPECT_EQ(at(48 + 15), "last");
    EXPECT_EQ(at(48 + 16), "-");
}

TEST_F(SymbolRules, UntypedNamesCountOnlyWhereThereIsNothingElse) {
    assemble(
        ".globl typed\n.type typed,@function\ntyped: .size typed,32\n.skip 16\n"
        ".globl label\nlabel: .skip 16\n"
        ".globl handwritten\nhandwritten: .skip 16\n"
        ".globl unsized\n.type unsized,@function\nunsized: .skip 8\ninside: .skip 8\n");
    EXPECT_EQ(at(20), "typed");
    EXPECT_EQ(at(40), "handwritten");
    EXPECT_EQ(at(60), "unsized");
}

TEST_F(SymbolRules, LabelsOfTheAssemblerAreNoFunctions) {
    assemble(".globl real\n.type real,@function\nreal: .size real,16\n.skip 8\n\"$x\": .skip 8\n\"$d\": .skip 16\n");
    EXPECT_EQ(at(12), "real");
    EXPECT_EQ(at(20), "-");
}

TEST_F(SymbolRules, AVersionIsNoPartOfTheName) {
    write_contents(scratch_.file("versions"), "FOOTFALL_1 { global: *; };\n");
    assemble(".globl old\n.type old,@function\nold: .size old,16\n.symver old,ab@@FOOTFALL_1\n.skip 16\n",
             "-Wl,--version-script=versions");
    ASSERT_NE(output_of("nm " + scratch_.file("rules")).find("ab@@FOOTFALL_1"), std::string::npos);
    EXPECT_EQ(at(0), "ab");
}

class SymbolTables : public testing::Test {
protected:
    void SetUp() override {
        program_ = build(scratch_, "inlined.cc", kInlinedSource, "-g -O2");
        if (program_.empty()) GTEST_SKIP() << "no compiler";
        outer_ = addresses_in(program_).at("_ZN4shop5outerEi");
    }
    std::string changed(const std::string& name, const std::string& command) {
        const std::string path = scratch_.file(name);
        return run("cp " + program_ + " " + path + " && cd " + scratch_.path() + " && " + command) ? path : "";
    }
    ScratchDirectory scratch_;
    std::string program_;
    std::uint64_t outer_ = 0;
};

TEST_F(SymbolTables, OfAStrippedProgramHaveOnlyWhatItExports) {
    const std::string stripped = changed("stripped", "strip stripped");
    const auto table = table_of(stripped);
    if (table) {  // a few functions of the start-up code may be exported
        EXPECT_EQ(name_at(*table, outer_), "-");
    } else {
        EXPECT_EQ(table.error(), Miss::kStripped);
    }
}

TEST_F(SymbolTables, OfADebugFileHaveAddressesThoughTheCodeIsElsewhere) {
    const std::string debug = changed("debug", "objcopy --only-keep-debug debug");
    const auto table = table_of(debug);
    ASSERT_TRUE(table);
    EXPECT_EQ(name_at(*table, outer_), "_ZN4shop5outerEi");
}

TEST_F(SymbolTables, IncludeMiniDebugInformation) {
    if (!has_tool("xz")) GTEST_SKIP() << "no xz";
    const std::string path = changed("mini", "objcopy --strip-all --keep-symbol=_ZN4shop5outerEi " + program_ +
                                                 " inner && xz -f inner && strip mini && "
                                                 "objcopy --add-section .gnu_debugdata=inner.xz mini");
    ASSERT_FALSE(path.empty());
    const auto table = table_of(path);
    ASSERT_TRUE(table) << text_of(table.error());
    EXPECT_EQ(name_at(*table, outer_), "_ZN4shop5outerEi");
}

TEST_F(SymbolTables, RefuseMiniDebugInformationThatUnpacksTooFar) {
    if (!has_tool("xz")) GTEST_SKIP() << "no xz";
    const std::string path = changed("bomb",
                                     "strip bomb && head -c 20000000 /dev/zero | xz > zeros.xz && "
                                     "objcopy --add-section .gnu_debugdata=zeros.xz bomb");
    ASSERT_FALSE(path.empty());
    const auto table = table_of(path, std::size_t{1} << 20);
    if (!table) {
        EXPECT_EQ(table.error(), Miss::kStripped);
    }
}

TEST_F(SymbolTables, ThatWouldBeTooLargeAreAReason) { EXPECT_EQ(table_of(program_, 64).error(), Miss::kTooLarge); }

// Every function that nm lists with a size: its first and last byte have a name of that address.
TEST_F(SymbolTables, AgreeWithNm) {
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    const auto table = table_of(self);
    const auto all = addresses_in(self);
    if (!table || all.empty()) GTEST_SKIP() << "no nm";
    std::size_t checked = 0;
    for (const std::string& line : lines_of(output_of("nm -S --defined-only " + self))) {
        std::istringstream words(line);
        std::uint64_t address = 0;
        std::uint64_t size = 0;
        char type = 0;
        if (!(words >> std::hex >> address >> size >> type) || (type != 't' && type != 'T') || size == 0) continue;
        ++checked;
        for (const std::uint64_t at : {address, address + size - 1}) {
            const auto symbol = table->find(at);
            ASSERT_TRUE(symbol) << line;
            ASSERT_GE(symbol->start, address) << line;
            ASSERT_EQ(all.count(std::string(symbol->name)), 1) << line;
        }
    }
    EXPECT_GT(checked, 500);
}

TEST_F(SymbolTables, OfDamagedFilesAreReadOrRefusedButNeverLie) {
    const std::string good = contents_of(program_);
    std::mt19937 random(1);
    for (int round = 0; round < 300; ++round) {
        std::string bad = good;
        for (int i = 0; i < 8; ++i) bad[random() % bad.size()] = static_cast<char>(random());
        for (int i = 0; i < 4; ++i) bad[random() % 64] = static_cast<char>(random());  // the header
        if (round % 4 == 0) bad.resize(random() % bad.size());
        const std::string path = scratch_.file("bad");
        write_contents(path, bad);
        const auto table = table_of(path);
        if (!table) continue;
        for (std::uint64_t address = 0x1000; address < 0x1400; address += 7) {
            const auto symbol = table->find(address);
            if (!symbol) continue;
            ASSERT_LE(symbol->start, address);
        }
    }
}

TEST(ElfDescriptions, HoldTheLinksToDebugFiles) {
    ScratchDirectory scratch;
    const std::string program = build(scratch, "linked.cc", kInlinedSource, "-g -Wl,--build-id=0x0123456789abcdef");
    if (program.empty()) GTEST_SKIP() << "no compiler";
    ASSERT_TRUE(run("cd " + scratch.path() +
                    " && objcopy --only-keep-debug linked linked.debug && strip linked && "
                    "objcopy --add-gnu-debuglink=linked.debug linked"));
    const auto description = describe_elf(open_file(program).get());
    ASSERT_TRUE(description);
    EXPECT_EQ(description->build_id, "0123456789abcdef");
    EXPECT_EQ(description->debug_link, "linked.debug");
    EXPECT_NE(description->debug_link_crc, 0);
    EXPECT_FALSE(description->has_symbols);
    EXPECT_FALSE(description->has_dwarf);
    const auto debug = describe_elf(open_file(scratch.file("linked.debug")).get());
    ASSERT_TRUE(debug);
    EXPECT_EQ(debug->build_id, "0123456789abcdef");
    EXPECT_TRUE(debug->has_symbols);
    EXPECT_TRUE(debug->has_dwarf);
}

// What is described is kept for as long as a process runs the file.
TEST(ElfDescriptions, LeaveOutNamesThatNoFileCanHave) {
    for (const std::size_t excess : {0U, 1U}) {
        const std::string name(NAME_MAX + excess, 'n');
        const std::string path(PATH_MAX - 1 + excess, 'p');
        Bytes link(name.begin(), name.end());
        link.insert(link.end(), 8, 0);
        Bytes alt_link(path.begin(), path.end());
        alt_link.insert(alt_link.end(), {0, 0xab, 0xcd});
        ElfImage image;
        image.add_section(".gnu_debuglink", link, 0);
        image.add_section(".gnu_debugaltlink", alt_link, 0);
        const Fd file = file_of(image.bytes());
        const auto description = describe_elf(file.get());
        ASSERT_TRUE(description);
        EXPECT_EQ(description->debug_link, excess == 0 ? name : "");
        EXPECT_EQ(description->alt_link, excess == 0 ? path : "");
        EXPECT_EQ(description->alt_build_id, "abcd") << "by which it can be found all the same";
    }
}

TEST(ElfDescriptions, OfAFileWithoutSectionsStillHaveBuildIdAndCode) {
    ScratchDirectory scratch;
    const std::string program = build(scratch, "bare.cc", kInlinedSource, "-Wl,--build-id=0x0123456789abcdef");
    if (program.empty()) GTEST_SKIP() << "no compiler";
    std::string bytes = contents_of(program);
    GElf_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    header.e_shoff = 0;
    header.e_shnum = header.e_shstrndx = 0;
    std::memcpy(bytes.data(), &header, sizeof header);
    write_contents(scratch.file("sectionless"), bytes);
    const auto description = describe_elf(open_file(scratch.file("sectionless")).get());
    ASSERT_TRUE(description);
    EXPECT_EQ(description->build_id, "0123456789abcdef");
    EXPECT_EQ(description->code.size(), 1);
    EXPECT_EQ(table_of(scratch.file("sectionless")).error(), Miss::kStripped);
}

}  // namespace
}  // namespace footfall
