// Tables of Go's functions as no linker writes them, and what the shapes of functions become. go_oracle_test.cc has real
// ones.
#include "symbolizer/unwind/go_frames.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "symbolizer/elf/go_functions.h"
#include "symbolizer/unwind/go_prologue.h"
#include "symbolizer/unwind/table_builder.h"
#include "tests/unit/unwind/go_table_bytes.h"
#include "tests/unit/unwind/memory_table.h"

namespace footfall {
namespace {

constexpr std::uint64_t kText = 0x2000;
constexpr std::uint32_t kFunctionBytes = 0xc0;  // and some more, or each would look like the next
constexpr std::uint32_t kGrownAt = 0x20;        // in each function: the stack has grown

// Of functions, from the start of the text on.
std::uint32_t begin_of(std::size_t function) {
    const auto number = static_cast<std::uint32_t>(function);
    return number * (kFunctionBytes + 0x40) + number * number % 5 * 0x10;
}

// --- how functions begin --------------------------------------------------------------------------------------------

GoPrologue prologue(const Bytes& growth, const Bytes& behind, std::int32_t depth) {
    std::array<std::uint8_t, kGoPrologueBytes> code{};
    code.fill(0x90);
    std::copy(growth.begin(), growth.end(), code.begin() + static_cast<std::ptrdiff_t>(kGoGrowthBytes - growth.size()));
    std::copy(behind.begin(), behind.end(), code.begin() + kGoGrowthBytes);
    return read_go_prologue(code, depth);
}

const Bytes kPushRbp = {0x55};
const Bytes kSetRbp = {0x48, 0x89, 0xe5};

TEST(GoPrologue, SinceGo121RbpIsPushed) {
    const GoPrologue pushed = prologue(kPushRbp, kSetRbp, 8);
    EXPECT_TRUE(pushed.grows);
    EXPECT_EQ(pushed.saved, 0U);
    EXPECT_EQ(pushed.framed, 3U);
    EXPECT_FALSE(prologue(kPushRbp, {}, 8).framed);
    EXPECT_FALSE(prologue(kPushRbp, kSetRbp, 16).grows);
    EXPECT_FALSE(prologue({0x50}, kSetRbp, 8).grows) << "another register";
}

TEST(GoPrologue, BeforeItIsMovedToItsPlace) {
    const GoPrologue least = prologue({0x48, 0x83, 0xec, 8}, {0x48, 0x89, 0x2c, 0x24, 0x48, 0x8d, 0x2c, 0x24}, 8);
    EXPECT_EQ(least.saved, 4U);
    EXPECT_EQ(least.framed, 8U);
    const Bytes by_byte = {0x48, 0x89, 0x6c, 0x24, 0x20, 0x48, 0x8d, 0x6c, 0x24, 0x20};
    const GoPrologue small = prologue({0x48, 0x83, 0xec, 0x28}, by_byte, 0x28);
    EXPECT_EQ(small.saved, 5U);
    EXPECT_EQ(small.framed, 10U);
    const Bytes by_word = {0x48, 0x89, 0xac, 0x24, 0xf8, 1, 0, 0, 0x48, 0x8d, 0xac, 0x24, 0xf8, 1, 0, 0};
    const GoPrologue large = prologue({0x48, 0x81, 0xec, 0, 2, 0, 0}, by_word, 0x200);
    EXPECT_EQ(large.saved, 8U);
    EXPECT_EQ(large.framed, 16U);
    // 128 is subtracted by adding -128.
    const Bytes at_120 = {0x48, 0x89, 0x6c, 0x24, 0x78, 0x48, 0x8d, 0x6c, 0x24, 0x78};
    EXPECT_EQ(prologue({0x48, 0x83, 0xc4, 0x80}, at_120, 128).saved, 5U);
}

TEST(GoPrologue, WhatIsNoneSaysNothingOfRbp) {
    EXPECT_FALSE(prologue({0x48, 0x83, 0xec, 0x28}, {}, 0x30).grows) << "another depth";
    const GoPrologue elsewhere = prologue({0x48, 0x83, 0xec, 0x28}, {0x48, 0x89, 0x6c, 0x24, 0x10}, 0x28);
    EXPECT_TRUE(elsewhere.grows);
    EXPECT_FALSE(elsewhere.saved) << "rbp is put in another place";
    const GoPrologue unset = prologue({0x48, 0x83, 0xec, 0x28}, {0x48, 0x89, 0x6c, 0x24, 0x20}, 0x28);
    EXPECT_EQ(unset.saved, 5U);
    EXPECT_FALSE(unset.framed);
    EXPECT_FALSE(prologue({}, {}, -8).grows);
}

// --- the rows of functions ------------------------------------------------------------------------------------------

struct Built {
    Result<TableSummary> summary;
    MemoryTable table;

    // At so many bytes of a function of Program.
    [[nodiscard]] ff_unwind_row at(std::uint32_t function, std::uint32_t offset) const {
        const ff_unwind_row* row = table.row_at(kText + begin_of(function) + offset);
        return row == nullptr ? ff_unwind_row{0, FF_CFA_UNSUPPORTED + 1, 0, 0, 0}
                              : ff_unwind_row{0, row->cfa, row->rbp, row->rbx, row->offset};
    }
};

Built build(const Bytes& file) {
    Built built;
    const Fd fd = file_of(file);
    built.summary = build_unwind_table(fd.get(), built.table);
    return built;
}

// Functions one behind the other from kText on.
class Program {
public:
    // growth ends, and `behind` begins, at kGrownAt.
    Program& add(TableFunction function, const Bytes& growth = kPushRbp, const Bytes& behind = kSetRbp) {
        const std::uint32_t begin = begin_of(table.functions.size());
        function.begin = begin;
        table.functions.push_back(std::move(function));
        table.end = begin + kFunctionBytes;
        put_code(kText + begin + kGrownAt - growth.size(), growth);
        put_code(kText + begin + kGrownAt, behind);
        return *this;
    }

    // An ordinary one of Go 1.21 and later.
    Program& add_plain(const std::string& name, std::uint8_t flags = 0) {
        return add({0, name, {{0, kGrownAt}, {8, 8}, {0x28, 0x80}, {8, 1}, {0, 1}}, flags});
    }

    void put_code(std::uint64_t address, const Bytes& bytes) { code_.emplace_back(address, bytes); }

    [[nodiscard]] Bytes file(const std::string& section = ".gopclntab", bool with_section_headers = true,
                             const Bytes& eh_frame = {}) const {
        ElfImage image;
        if (!eh_frame.empty()) image.add_section(".eh_frame", eh_frame);
        image.add_section(section, table.bytes());
        Bytes file = image.bytes(with_section_headers);
        for (const auto& [address, bytes] : code_)
            std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(address));
        return file;
    }

    GoTableBytes table{.text_start = kText};

private:
    std::vector<std::pair<std::uint64_t, Bytes>> code_;
};

const ff_unwind_row kEntered = {0, FF_CFA_RSP, FF_RBP_SAME, 0, 8};
const ff_unwind_row kPushed = {0, FF_CFA_RSP, -2, 0, 16};
const ff_unwind_row kGrown = {0, FF_CFA_RSP, -2, 0, 0x30};
const ff_unwind_row kNone = {0, FF_CFA_NONE, 0, 0, 0};
const ff_unwind_row kOutermost = {0, FF_CFA_OUTERMOST, 0, 0, 0};
const ff_unwind_row kUnsupported = {0, FF_CFA_UNSUPPORTED, 0, 0, 0};

void expect_plain(const Built& built, std::uint32_t function) {
    EXPECT_EQ(built.at(function, 0), kEntered);
    EXPECT_EQ(built.at(function, kGrownAt - 1), kEntered);
    EXPECT_EQ(built.at(function, kGrownAt), kPushed);
    EXPECT_EQ(built.at(function, kGrownAt + 8), kGrown);
    EXPECT_EQ(built.at(function, kGrownAt + 0x87), kGrown);
    EXPECT_EQ(built.at(function, kGrownAt + 0x88), kPushed);
    EXPECT_EQ(built.at(function, kGrownAt + 0x89), kEntered);
}

TEST(GoFrames, DepthsBecomeRowsAndRbpIsWhereTheCodePutsIt) {
    for (const std::uint32_t magic : {GoTableBytes::kGo118, GoTableBytes::kGo120}) {
        Program program;
        program.table.magic = magic;
        program.add_plain("main.main").add_plain("main.f");
        const Built built = build(program.file());
        ASSERT_TRUE(built.summary) << built.summary.error().what;
        EXPECT_EQ(built.summary->go_functions, 2U);
        EXPECT_EQ(built.summary->malformed, 0U);
        expect_plain(built, 0);
        expect_plain(built, 1);
        EXPECT_EQ(built.at(1, kFunctionBytes), kNone);
    }
}

TEST(GoFrames, RbpOfGo120IsInItsPlaceOneInstructionLater) {
    Program program;
    program.add({0, "main.f", {{0, kGrownAt}, {0x28, 0x80}}}, {0x48, 0x83, 0xec, 0x28}, {0x48, 0x89, 0x6c, 0x24, 0x20});
    const Built built = build(program.file());
    EXPECT_EQ(built.at(0, kGrownAt), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 0x30}));
    EXPECT_EQ(built.at(0, kGrownAt + 4), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 0x30}));
    EXPECT_EQ(built.at(0, kGrownAt + 5), kGrown);
}

TEST(GoFrames, RbpIsUnknownInAssemblyThatBeginsAnotherWay) {
    Program program;
    program.add_plain("main.main").add({0, "main.assembly", {{0, kGrownAt}, {0x28, 0x80}, {0, 1}}}, {0x9c}, {});
    for (int i = 0; i < 20; ++i) program.add_plain("main.f");
    const Built built = build(program.file());
    EXPECT_EQ(built.at(1, 0), kEntered);
    EXPECT_EQ(built.at(1, kGrownAt), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_UNKNOWN, 0, 0x30}));
    EXPECT_EQ(built.at(1, kGrownAt + 0x80), kEntered);
}

TEST(GoFrames, StacksEndWhereGosOwnTracebackEnds) {
    Program program;
    program.add_plain("main.main").add_plain("runtime.goexit", 1).add_plain("runtime.sigtramp", 3);
    program.add_plain("runtime.mcall", 2).add_plain("main.mcall");
    const Built built = build(program.file());
    for (const std::uint32_t function : {1U, 2U, 3U}) {
        EXPECT_EQ(built.at(function, 0), kOutermost);
        EXPECT_EQ(built.at(function, kGrownAt + 8), kOutermost);
    }
    expect_plain(built, 4);
}

TEST(GoFrames, FunctionsThatChangeStacksAreLeftByRbpIfTheyAreKnownToKeepIt) {
    constexpr std::uint8_t kWritesSp = 2;
    Program program;
    program.add_plain("main.main").add_plain("runtime.systemstack", kWritesSp).add_plain("time.now", kWritesSp);
    program.add_plain("crypto.block", kWritesSp).add({0, "runtime.morestack", {{0, kFunctionBytes}}, kWritesSp}, {}, {});
    const Built built = build(program.file());
    for (const std::uint32_t function : {1U, 2U}) {
        EXPECT_EQ(built.at(function, 0), kEntered);
        EXPECT_EQ(built.at(function, kGrownAt), kPushed) << "rbp is the caller's still";
        EXPECT_EQ(built.at(function, kGrownAt + 3), (ff_unwind_row{0, FF_CFA_RBP_ELSEWHERE, -2, 0, 16}));
        EXPECT_EQ(built.at(function, kGrownAt + 0x89), kEntered);
    }
    EXPECT_EQ(built.at(3, 0), kUnsupported) << "where it changes is not known";
    EXPECT_EQ(built.at(3, kGrownAt + 8), kUnsupported);
    EXPECT_EQ(built.at(4, 0), kUnsupported);
}

TEST(GoFrames, AReturnAddressThatIsPoppedIsInTheRegister) {
    Program program;
    program.add_plain("main.main");
    program.add({0, "syscall.rawVforkSyscall", {{0, kGrownAt}, {-8, 2}, {0, 8}}}, {0x41, 0x5c}, {0x0f, 0x05, 0x41, 0x54});
    program.add({0, "main.odd", {{0, kGrownAt}, {-8, 2}, {0, 8}}}, {0x90}, {});
    program.add({0, "main.odder", {{0, kGrownAt}, {-16, 2}, {0, 8}}}, {0x41, 0x5c}, {});
    const Built built = build(program.file());
    EXPECT_EQ(built.at(1, kGrownAt - 1), kEntered);
    EXPECT_EQ(built.at(1, kGrownAt), (ff_unwind_row{0, FF_CFA_RSP_LINK, FF_RBP_SAME, 0, 12}));
    EXPECT_EQ(built.at(1, kGrownAt + 2), kEntered);
    EXPECT_EQ(built.at(2, kGrownAt), kUnsupported);
    EXPECT_EQ(built.at(3, kGrownAt), kUnsupported);
}

TEST(GoFrames, FunctionsWithoutAStackProgramAreLeftToEhFrame) {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    frames.fde(cie, kText + begin_of(1), kFunctionBytes, {0x0e, 0x40});
    frames.fde(cie, kText + begin_of(2), kFunctionBytes, {0x0e, 0x50});
    Program program;
    program.add_plain("main.main").add({0, "c_function", {}}).add_plain("main.both").add_plain("main.f");
    program.add({0, "nobody's", {}}).add_plain("main.g");
    const Built built = build(program.file(".gopclntab", true, frames.bytes));
    ASSERT_TRUE(built.summary) << built.summary.error().what;
    EXPECT_EQ(built.summary->fdes, 2U);
    EXPECT_EQ(built.summary->go_functions, 3U);
    expect_plain(built, 0);
    EXPECT_EQ(built.at(1, 0), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 0x40}));
    EXPECT_EQ(built.at(2, 0), (ff_unwind_row{0, FF_CFA_RSP, FF_RBP_SAME, 0, 0x50})) << "where both describe a function";
    expect_plain(built, 3);
    EXPECT_EQ(built.at(5, 0), kEntered);
}

// --- where the table is, and its text -------------------------------------------------------------------------------

Program plain_functions(int count = 20) {
    Program program;
    for (int i = 0; i < count; ++i) program.add_plain("main.f" + std::to_string(i));
    return program;
}

TEST(GoFrames, TheTableIsFoundByItsSectionOrByHowItBegins) {
    const Program program = plain_functions();
    for (const Bytes& file : {program.file(), program.file(".data.rel.ro.gopclntab"), program.file("none", false)}) {
        const Built built = build(file);
        ASSERT_TRUE(built.summary) << built.summary.error().what;
        EXPECT_EQ(built.summary->go_functions, 20U);
        expect_plain(built, 19);
        const Fd fd = file_of(file);
        const auto functions = GoFunctions::open(fd.get());
        ASSERT_TRUE(functions);
        const auto found = functions->find(kText + begin_of(1) + 5);
        ASSERT_TRUE(found);
        EXPECT_EQ(found->name, "main.f1");
        EXPECT_EQ(found->start, kText + begin_of(1));
    }
    EXPECT_EQ(build(program.file(".other")).summary->go_functions, 0U)
        << "a file that names its sections has no other table";
}

// Since Go 1.26 it doesn't say.
TEST(GoFrames, TheStartOfTheTextIsWhereFunctionsBeginAsTheTableSays) {
    for (const std::uint64_t said : {std::uint64_t{0}, kText + 0x40, ~std::uint64_t{0}}) {
        Program program = plain_functions();
        program.table.text_start = said;
        const Bytes file = program.file();
        const Built built = build(file);
        ASSERT_TRUE(built.summary) << built.summary.error().what;
        EXPECT_EQ(built.summary->go_functions, 20U);
        expect_plain(built, 7);
        const Fd fd = file_of(file);
        const auto functions = GoFunctions::open(fd.get());
        ASSERT_TRUE(functions);
        EXPECT_EQ(functions->find(kText + begin_of(7))->name, "main.f7");
    }
}

TEST(GoFrames, ATableOfOtherCodeIsNotBelieved) {
    Program program = plain_functions();
    for (TableFunction& function : program.table.functions) function.depths = {{0, 5}, {0x18, 7}};
    const Built built = build(program.file());
    ASSERT_TRUE(built.summary) << built.summary.error().what;
    EXPECT_EQ(built.summary->go_functions, 0U);
    EXPECT_EQ(built.at(3, 0), kNone);
}

TEST(GoFrames, ASegmentAtTheEndOfTheAddressSpaceIsSearchedOnce) {
    Program program = plain_functions();
    for (TableFunction& function : program.table.functions) function.depths = {{0, 5}, {0x18, 7}};
    Bytes file = program.file();
    const std::uint64_t address = ~std::uint64_t{0} - (ElfImage::kFrames - ElfImage::kCode) - 2;
    std::memcpy(file.data() + sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_vaddr), &address, sizeof address);
    const Fd fd = file_of(file);
    EXPECT_FALSE(GoFunctions::open(fd.get()));
}

// --- hostile tables -------------------------------------------------------------------------------------------------

TEST(GoFrames, AProgramThatIsCutShortCostsTheRestOfItsFunction) {
    Program program = plain_functions(19);
    program.add({0, "main.last", {{0, kGrownAt}, {8, 0x200}}});
    Bytes table = program.table.bytes();
    // The last program: its lengths go on and on.
    std::fill(table.begin() + static_cast<std::ptrdiff_t>(table.size()) - 20, table.end(), 0xff);
    const Built whole = build(program.file());
    EXPECT_EQ(whole.at(19, kFunctionBytes - 1), kPushed) << "what says more than the function ends with it";
    EXPECT_EQ(whole.at(19, kFunctionBytes), kNone);

    TableFunction& first = program.table.functions.front();
    first.depths = {{0, kGrownAt}, {8, 8}};
    Program cut = program;
    cut.table.functions.front().depths.emplace_back(0x7fffffff, 4);
    const Built built = build(cut.file());
    EXPECT_EQ(built.at(0, kGrownAt), kPushed);
    EXPECT_EQ(built.at(0, kGrownAt + 8), kUnsupported);
    expect_plain(built, 1);
}

TEST(GoFrames, AFunctionThatSaysToBeginBehindAnAddressDoesNotNameIt) {
    const Program program = plain_functions();
    Bytes file = program.file();
    constexpr std::size_t kRecord = 44;
    const std::size_t records_at = ElfImage::kFrames + program.table.bytes().size() - 20 * kRecord;
    const std::uint32_t behind = begin_of(3) + 9;
    std::memcpy(file.data() + records_at + 3 * kRecord, &behind, sizeof behind);
    const Fd fd = file_of(file);
    const auto functions = GoFunctions::open(fd.get());
    ASSERT_TRUE(functions);
    EXPECT_FALSE(functions->find(kText + begin_of(3) + 8));
    EXPECT_TRUE(functions->find(kText + begin_of(3) + 9));
    EXPECT_TRUE(functions->find(kText + begin_of(4)));
}

TEST(GoFrames, ProgramsThatAreSharedByManyFunctionsDoNotStallTheReader) {
    // Steps of no length: as many of them as there is table, again and again for each function.
    Program program;
    for (int i = 0; i < 400; ++i) program.add_plain("main.f");
    program.table.functions.back().depths.assign(200'000, {16, 0});
    for (std::size_t i = 0; i < 200'000; ++i) program.table.functions.back().depths[i].first = i % 2 == 0 ? 16 : 24;
    Bytes table = program.table.bytes();
    std::uint32_t shared = 0;
    const std::uint64_t functions_at = table.size() - 400 * 44 - 400 * 8 - 4;
    const std::uint64_t records_at = functions_at + 400 * 8 + 4;
    std::memcpy(&shared, table.data() + records_at + 399 * 44 + 16, sizeof shared);
    for (std::size_t i = 100; i < 399; ++i) std::memcpy(table.data() + records_at + i * 44 + 16, &shared, sizeof shared);
    ElfImage image;
    image.add_section(".gopclntab", table);
    Bytes file = image.bytes();
    const Bytes whole = program.file();
    std::copy(whole.begin() + ElfImage::kCode, whole.begin() + ElfImage::kFrames, file.begin() + ElfImage::kCode);
    const Built built = build(file);
    ASSERT_FALSE(built.summary);
    EXPECT_NE(built.summary.error().what.find("overlaps"), std::string::npos) << built.summary.error().what;
}

TEST(GoFrames, AFileThatIsCutShortAnywhereIsAnErrorOrASmallerTable) {
    for (const bool with_section_headers : {true, false}) {
        const Bytes whole = plain_functions().file(".gopclntab", with_section_headers);
        for (std::size_t size = ElfImage::kFrames; size < whole.size(); ++size)
            build(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    }
}

TEST(GoFrames, EveryDamagedByteIsSurvived) {
    const Bytes whole = plain_functions(4).file();
    for (std::size_t at = ElfImage::kFrames; at < whole.size(); ++at) {
        for (const std::uint8_t value : {0x00, 0x7f, 0x80, 0xff}) {
            Bytes damaged = whole;
            damaged[at] = value;
            build(damaged);
            const Fd fd = file_of(damaged);
            const auto functions = GoFunctions::open(fd.get());
            if (functions) static_cast<void>(functions->find(kText + 5));
        }
    }
}

TEST(GoFrames, TablesOfOtherVersionsHaveNoRows) {
    for (const std::uint32_t magic : {0xfffffffaU, 0xfffffffbU, 0xfffffff2U}) {
        Program program = plain_functions();
        program.table.magic = magic;
        const Built built = build(program.file());
        ASSERT_TRUE(built.summary) << built.summary.error().what;
        EXPECT_EQ(built.summary->go_functions, 0U);
        EXPECT_EQ(built.at(0, 0), kNone);
    }
}

}  // namespace
}  // namespace footfall
