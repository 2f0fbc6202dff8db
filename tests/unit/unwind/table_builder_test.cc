// Files as no linker writes them, and the sources of tables other than the common one. Hostile input costs a rule or is an
// error; it never stalls or crashes, and never changes what is said of other functions.
#include "symbolizer/unwind/table_builder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstring>

#include "tests/unit/unwind/elf_image.h"
#include "tests/unit/unwind/memory_table.h"

namespace footfall {
namespace {

constexpr std::uint64_t kF = 0x2000;  // a function
constexpr std::uint64_t kG = 0x3000;  // and another
constexpr std::uint32_t kSize = 0x100;
const Bytes kFramed = {0x41, 0x0e, 16, 0x86, 2};  // push %rbp at byte 1

const ff_unwind_row kNoPage = {0, FF_CFA_UNSUPPORTED + 1, 0, 0, 0};

struct Built {
    Result<TableSummary> summary;
    MemoryTable table;

    [[nodiscard]] ff_unwind_row at(std::uint64_t address) const {
        const ff_unwind_row* row = table.row_at(address);
        return row == nullptr ? kNoPage : ff_unwind_row{0, row->cfa, row->rbp, row->rbx, row->offset};
    }
};

Built build(const Bytes& file) {
    Built built;
    const Fd fd = file_of(file);
    built.summary = build_unwind_table(fd.get(), built.table);
    return built;
}

Built build_frames(const FrameBytes& frames, bool with_section_headers = true) {
    ElfImage image;
    image.add_section(".eh_frame", frames.bytes);
    return build(image.bytes(with_section_headers));
}

FrameBytes two_functions() {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    frames.fde(cie, kG, kSize, kFramed);
    frames.fde(cie, kF, kSize, kFramed);
    return frames;
}

const ff_unwind_row kEntered = {0, FF_CFA_RSP, FF_RBP_SAME, 0, 8};
const ff_unwind_row kPushed = {0, FF_CFA_RSP, -2, 0, 16};
const ff_unwind_row kNone = {0, FF_CFA_NONE, 0, 0, 0};
const ff_unwind_row kUnsupported = {0, FF_CFA_UNSUPPORTED, 0, 0, 0};

void expect_two_functions(const Built& built) {
    ASSERT_TRUE(built.summary) << built.summary.error().what;
    EXPECT_EQ(built.summary->fdes, 2U);
    EXPECT_EQ(built.at(kF), kEntered);
    EXPECT_EQ(built.at(kF + 1), kPushed);
    EXPECT_EQ(built.at(kF + kSize - 1), kPushed);
    EXPECT_EQ(built.at(kF + kSize), kNone);
    EXPECT_EQ(built.at(kF - 1), kNone);
    EXPECT_EQ(built.at(kG + 1), kPushed);
}

TEST(UnwindTable, IsBuiltFromAnIndexWhereThereIsNoTableOfFunctions) {
    const Built built = build_frames(two_functions());
    expect_two_functions(built);
    EXPECT_FALSE(built.summary->from_header);
}

Bytes with_header(const std::vector<std::uint64_t>& order, bool with_section_headers) {
    const std::uint64_t frames_at = ElfImage::kFrames + ElfImage::frame_header_size(order.size());
    FrameBytes frames(frames_at);
    const std::size_t cie = frames.cie();
    std::map<std::uint64_t, std::uint64_t> fdes;
    for (const std::uint64_t function : {kG, kF}) fdes[function] = frames_at + frames.fde(cie, function, kSize, kFramed);
    put<std::uint32_t>(frames.bytes, 0);
    ElfImage::Table table;
    for (const std::uint64_t function : order)
        table.emplace_back(function, fdes.contains(function) ? fdes[function] : frames_at);
    ElfImage image;
    image.frame_header_first = true;
    image.add_section(".eh_frame_hdr", ElfImage::frame_header(table));
    image.add_section(".eh_frame", frames.bytes);
    return image.bytes(with_section_headers);
}

TEST(UnwindTable, FollowsTheTableOfFunctionsAlsoWithoutSectionHeaders) {
    for (const bool with_section_headers : {true, false}) {
        const Built built = build(with_header({kF, kG}, with_section_headers));
        expect_two_functions(built);
        EXPECT_TRUE(built.summary->from_header);
    }
}

TEST(UnwindTable, ATableOfFunctionsThatIsNotInOrderIsNotFollowed) {
    for (const bool with_section_headers : {true, false}) {
        const Built built = build(with_header({kG, kF}, with_section_headers));
        expect_two_functions(built);
        EXPECT_FALSE(built.summary->from_header);
    }
}

TEST(UnwindTable, ATableOfFunctionsThatLiesCostsTheFunctionsItLiesAbout) {
    const Built built = build(with_header({kF, kF + 0x200, kG}, true));
    expect_two_functions(built);
    EXPECT_EQ(built.summary->malformed, 1U);
}

TEST(UnwindTable, WithoutUnwindInformationAllCodeIsWithoutRulesButTheEntryPoint) {
    ElfImage image;
    image.ehdr.e_entry = 0x4000;
    const Built built = build(image.bytes());
    ASSERT_TRUE(built.summary);
    EXPECT_EQ(built.summary->fdes, 0U);
    EXPECT_EQ(built.at(0x3fff), kNone);
    EXPECT_EQ(built.at(0x4000).cfa, FF_CFA_OUTERMOST);
    EXPECT_EQ(built.at(0x4000 + 127).cfa, FF_CFA_OUTERMOST);
    EXPECT_EQ(built.at(0x4000 + 128), kNone);
    EXPECT_EQ(built.at(0x11000), kNone) << "the second page of code";
    EXPECT_EQ(built.at(ElfImage::kFrames).cfa, kNoPage.cfa) << "no page without code";
}

TEST(UnwindTable, AnEntryPointThatIsDescribedKeepsItsRules) {
    ElfImage image;
    image.ehdr.e_entry = kF;
    image.add_section(".eh_frame", two_functions().bytes);
    EXPECT_EQ(build(image.bytes()).at(kF), kEntered);
}

TEST(UnwindTable, DebugFrameIsReadWhereEhFrameIsMissingOrThin) {
    FrameBytes debug(0, true);
    const std::size_t cie = debug.cie("", {}, {0x0c, 7, 8, 0x90, 1}, 4);
    debug.fde(cie, kG, kSize, kFramed);
    debug.fde(cie, kF, kSize, {});
    ElfImage alone;
    alone.add_section(".debug_frame", debug.bytes, 0);
    const Built from_debug = build(alone.bytes());
    ASSERT_TRUE(from_debug.summary);
    EXPECT_TRUE(from_debug.summary->used_debug_frame);
    EXPECT_EQ(from_debug.at(kG + 1), kPushed);

    FrameBytes thin(ElfImage::kFrames);
    thin.fde(thin.cie(), kF, kSize, kFramed);
    ElfImage both;
    both.add_section(".eh_frame", thin.bytes);
    both.add_section(".debug_frame", debug.bytes, 0);
    const Built joined = build(both.bytes());
    EXPECT_TRUE(joined.summary->used_debug_frame);
    EXPECT_EQ(joined.at(kG + 1), kPushed);
    EXPECT_EQ(joined.at(kF + 1), kPushed) << ".eh_frame counts where both describe a function";

    FrameBytes thick(ElfImage::kFrames);
    thick.fde(thick.cie(), ElfImage::kCode, 0x18000, kFramed);
    ElfImage enough;
    enough.add_section(".eh_frame", thick.bytes);
    enough.add_section(".debug_frame", debug.bytes, 0);
    EXPECT_FALSE(build(enough.bytes()).summary->used_debug_frame);
}

TEST(UnwindTable, TheVdsoIsReadFromACopyOfItsMemory) {
    const auto* const vdso = reinterpret_cast<const std::uint8_t*>(getauxval(AT_SYSINFO_EHDR));
    if (vdso == nullptr) GTEST_SKIP() << "this kernel gives no vDSO";
    Elf64_Ehdr header{};
    std::memcpy(&header, vdso, sizeof header);
    const Built built = build(Bytes(vdso, vdso + header.e_shoff + header.e_shnum * header.e_shentsize));
    ASSERT_TRUE(built.summary) << built.summary.error().what;
    EXPECT_GT(built.summary->fdes, 3U);
    EXPECT_EQ(built.summary->malformed, 0U);
    EXPECT_GT(built.summary->rows.rows, 10U);
}

TEST(UnwindTable, EntriesWithLongLengthsAreRead) {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    frames.wide_fde(cie, kF, kSize, kFramed);
    frames.fde(cie, kG, kSize, kFramed);
    expect_two_functions(build_frames(frames));
}

TEST(UnwindTable, OverlappingFunctionsEndWhereTheNextBegins) {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    frames.fde(cie, kF, 0x1000, kFramed);
    frames.fde(cie, kF + 0x80, 0x10, {});
    frames.fde(cie, kF + 0x80, 0x20, {});
    const Built built = build_frames(frames);
    ASSERT_TRUE(built.summary);
    EXPECT_EQ(built.at(kF + 0x7f), kPushed);
    EXPECT_EQ(built.at(kF + 0x80), kEntered);
    EXPECT_EQ(built.at(kF + 0xa0), kNone);
}

TEST(UnwindTable, FunctionsOutsideOfTheCodeAreLeftOut) {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    frames.fde(cie, 0, kSize, kFramed);
    frames.fde(cie, ElfImage::kFrames, kSize, kFramed);
    frames.fde(cie, ElfImage::kFrames - 0x10, 0x7fffffff, kFramed);
    const Built built = build_frames(frames);
    ASSERT_TRUE(built.summary);
    EXPECT_EQ(built.summary->fdes, 1U);
    EXPECT_EQ(built.at(ElfImage::kFrames - 1), kPushed);
    EXPECT_EQ(built.at(ElfImage::kFrames).cfa, kNoPage.cfa);
}

// One bad function between two good ones.
Built with_bad(const Bytes& instructions) {
    FrameBytes frames = two_functions();
    const std::size_t cie = frames.cie();
    frames.fde(cie, 0x4000, kSize, instructions);
    return build_frames(frames);
}

TEST(UnwindTable, InstructionsThatAreNotSoundCostTheRestOfTheirFunction) {
    const Bytes bad[] = {{0x41, 0x3f},                       // unknown
                         {0x41, 0x0b},                       // restores what was not remembered
                         {0x41, 0x02},                       // cut short
                         {0x41, 0x0e, 0x80, 0x80, 0x80},     // a number without end
                         {0x41, 0x0f, 0xff, 0x7f},           // an expression longer than the function
                         {0x41, 0x01, 0, 0x10, 0xfe, 0xff},  // back
                         {0x41, 0x0f, 1, 0x96, 0x0d, 6}};    // the register of an expression
    for (const Bytes& instructions : bad) {
        const Built built = with_bad(instructions);
        ASSERT_TRUE(built.summary);
        EXPECT_EQ(built.summary->malformed, 1U) << int{instructions[1]};
        EXPECT_EQ(built.at(0x4000), kEntered);
        EXPECT_EQ(built.at(0x4001), kUnsupported);
        EXPECT_EQ(built.at(kF + 1), kPushed);
        EXPECT_EQ(built.at(kG + 1), kPushed);
    }
}

TEST(UnwindTable, OffsetsThatFitNoRowAreUnsupported) {
    Bytes instructions = {0x41, 0x0c, 7};  // the CFA is rsp and the largest number there is
    instructions.insert(instructions.end(), 9, 0x80);
    instructions.insert(instructions.end(), {0x01, 0x10, 6, 2, 0x77, 1,  // rbp is at rsp + 1
                                             0x09, 16, 3});              // the return address is in rbx
    const Built built = with_bad(instructions);
    ASSERT_TRUE(built.summary);
    EXPECT_EQ(built.summary->malformed, 0U);
    EXPECT_EQ(built.at(0x4001), kUnsupported);
    EXPECT_EQ(built.at(kG + 1), kPushed);
}

TEST(UnwindTable, TheStackOfRememberedStatesIsBounded) {
    Bytes instructions(100000, 0x0a);
    instructions.insert(instructions.begin(), 0x41);
    const Built built = with_bad(instructions);
    EXPECT_EQ(built.summary->malformed, 1U);
    EXPECT_EQ(built.at(0x4001), kUnsupported);
}

TEST(UnwindTable, AdvancesBeyondTheFunctionEndIt) {
    const Built built = with_bad({0x41, 0x0e, 16, 0x1d, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0e, 32});
    EXPECT_EQ(built.summary->malformed, 0U);
    EXPECT_EQ(built.at(0x4000 + kSize - 1), (ff_unwind_row{0, FF_CFA_RSP, 0, 0, 16}));
    EXPECT_EQ(built.at(0x4000 + kSize), kNone);
}

TEST(UnwindTable, ASetLocationIsFollowed) {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    Bytes instructions = {0x01};
    const std::uint64_t field = ElfImage::kFrames + frames.bytes.size() + 8 + 9 + 1;
    put<std::uint32_t>(instructions, static_cast<std::uint32_t>(kF + 0x20 - field));
    instructions.insert(instructions.end(), {0x0e, 48});
    frames.fde(cie, kF, kSize, instructions);
    const Built built = build_frames(frames);
    EXPECT_EQ(built.at(kF + 0x1f), kEntered);
    EXPECT_EQ(built.at(kF + 0x20), (ff_unwind_row{0, FF_CFA_RSP, 0, 0, 48}));
}

TEST(UnwindTable, ACieThatIsNoneCostsItsFunctions) {
    FrameBytes frames = two_functions();
    const std::size_t own = frames.bytes.size();
    frames.fde(own, 0x4000, kSize, {});      // its own CIE
    frames.fde(own, 0x5000, kSize, {});      // another FDE
    frames.fde(0x10000, 0x6000, kSize, {});  // nothing at all
    const std::size_t odd = frames.cie("zQR", {1, 0x1b}, {});
    frames.fde(odd, 0x7000, kSize, {});  // an unknown letter in front of the encoding
    const std::size_t moving = frames.cie("zR", {1, 0x1b}, {0x41});
    frames.fde(moving, 0x8000, kSize, {});  // a CIE that advances
    const std::size_t future = frames.cie("zR", {1, 0x1b}, {}, 9);
    frames.fde(future, 0x9000, kSize, {});  // a version that there is not
    const std::size_t indirect = frames.cie("zR", {1, 0x9b}, {});
    frames.fde(indirect, 0xa000, kSize, {});
    const Built built = build_frames(frames);
    expect_two_functions(built);
    for (std::uint64_t function = 0x4000; function <= 0xa000; function += 0x1000)
        EXPECT_EQ(built.at(function), kNone) << function;
    EXPECT_GE(built.summary->malformed, 6U);
}

TEST(UnwindTable, ALengthThatLeavesTheSectionEndsTheReading) {
    FrameBytes frames = two_functions();
    put<std::uint32_t>(frames.bytes, 0x7ffffff0);
    put<std::uint32_t>(frames.bytes, 20);
    expect_two_functions(build_frames(frames));
    frames = two_functions();
    put<std::uint32_t>(frames.bytes, 0xffffffff);
    put<std::uint64_t>(frames.bytes, ~0ULL);
    expect_two_functions(build_frames(frames));
}

TEST(UnwindTable, AFileThatIsCutShortAnywhereIsAnErrorOrASmallerTable) {
    for (const bool with_section_headers : {true, false}) {
        const Bytes whole = with_header({kF, kG}, with_section_headers);
        for (std::size_t size = 0; size < whole.size(); size += size < 300 || size >= ElfImage::kFrames ? 1 : 997)
            build(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    }
}

TEST(UnwindTable, EveryDamagedByteIsSurvived) {
    const Bytes whole = with_header({kF, kG}, true);
    for (std::size_t at = 0; at < whole.size(); at += at == 255 ? ElfImage::kFrames - 255 : 1) {
        for (const std::uint8_t value : {0x00, 0x7f, 0x80, 0xff}) {
            Bytes damaged = whole;
            damaged[at] = value;
            build(damaged);
        }
    }
}

TEST(UnwindTable, OtherFilesAreRefused) {
    EXPECT_FALSE(build({}).summary);
    EXPECT_FALSE(build(Bytes(100, 'x')).summary);
    ElfImage arm;
    arm.ehdr.e_machine = EM_AARCH64;
    EXPECT_FALSE(build(arm.bytes()).summary);
    ElfImage object;
    object.ehdr.e_type = ET_REL;
    EXPECT_FALSE(build(object.bytes()).summary);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const Fd reader(ends[0]);
    const Fd writer(ends[1]);
    MemoryTable table;
    EXPECT_FALSE(build_unwind_table(reader.get(), table));
}

// Cuts the file down as soon as the first page is out.
class ShrinkingSink final : public TableSink {
public:
    explicit ShrinkingSink(int fd) : fd_(fd) {}
    Result<void> on_page(std::uint64_t, std::span<const ff_unwind_row>) override {
        return ftruncate(fd_, 4096) == 0 ? Result<void>{} : failure("cannot cut");
    }

private:
    int fd_;
};

TEST(UnwindTable, AFileThatShrinksWhileItIsReadIsAnError) {
    FrameBytes frames(ElfImage::kFrames);
    const std::size_t cie = frames.cie();
    for (std::uint64_t i = 0; i < 0x1d00; ++i) frames.fde(cie, kF + 16 * i, 16, Bytes(1000));
    ElfImage image;
    image.add_section(".eh_frame", frames.bytes);
    const Fd fd = file_of(image.bytes());
    ShrinkingSink sink(fd.get());
    EXPECT_FALSE(build_unwind_table(fd.get(), sink));
}

class RefusingSink final : public TableSink {
public:
    Result<void> on_page(std::uint64_t, std::span<const ff_unwind_row>) override {
        ++pages;
        return failure("no room");
    }
    int pages = 0;
};

TEST(UnwindTable, TheSinksFirstErrorEndsTheBuildingAndIsItsAnswer) {
    ElfImage image;
    image.add_section(".eh_frame", two_functions().bytes);
    const Fd fd = file_of(image.bytes());
    RefusingSink sink;
    const auto summary = build_unwind_table(fd.get(), sink);
    ASSERT_FALSE(summary);
    EXPECT_EQ(summary.error().what, "no room");
    EXPECT_EQ(sink.pages, 1);
}

// A table of functions that all share the longest instructions there may be: each byte may be executed a few times only.
TEST(UnwindTable, InstructionsThatAreSharedByManyFunctionsDoNotStallTheReader) {
    constexpr std::size_t kFunctions = 5000;
    const std::uint64_t frames_at = ElfImage::kFrames + ElfImage::frame_header_size(kFunctions);
    FrameBytes frames(frames_at);
    const std::size_t cie = frames.cie();
    ElfImage::Table table;
    std::size_t room = 17 * kFunctions + 1000000;  // nop up to the end of the section, from each FDE on
    for (std::size_t i = 0; i < kFunctions; ++i, room -= 17) {
        const std::size_t at = frames.bytes.size();
        table.emplace_back(kF + 16 * i, frames_at + at);
        frames.fde(cie, kF + 16 * i, 16, {});
        const auto length = static_cast<std::uint32_t>(room - 4);
        std::memcpy(frames.bytes.data() + at, &length, sizeof length);
    }
    frames.bytes.resize(frames.bytes.size() + 1000000);
    ElfImage image;
    image.frame_header_first = true;
    image.add_section(".eh_frame_hdr", ElfImage::frame_header(table));
    image.add_section(".eh_frame", frames.bytes);
    const Built built = build(image.bytes());
    ASSERT_FALSE(built.summary);
    EXPECT_NE(built.summary.error().what.find("overlaps"), std::string::npos) << built.summary.error().what;
}

}  // namespace
}  // namespace footfall
