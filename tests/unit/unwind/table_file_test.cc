#include "symbolizer/unwind/table_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <map>

#include "tests/unit/unwind/elf_image.h"
#include "tests/unit/unwind/memory_table.h"

namespace footfall {
namespace {

const Bytes kBuildId = {0xde, 0xad, 0xbe, 0xef};

Bytes contents_of(int fd) {
    Bytes bytes(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)));
    EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    return bytes;
}

Bytes table_of(const std::map<std::uint64_t, std::vector<ff_unwind_row>>& pages) {
    const Fd fd(memfd_create("table", MFD_CLOEXEC));
    TableFileWriter writer(fd.get(), kBuildId);
    for (const auto& [number, rows] : pages) EXPECT_TRUE(writer.on_page(number, rows));
    EXPECT_TRUE(writer.finish());
    return contents_of(fd.get());
}

Bytes small_table() {
    return table_of({{5, {{0, FF_CFA_NONE, 0, 0, 0}, {16, FF_CFA_RSP, 0, 0, 8}}}, {8, {{0, FF_CFA_RSP, 0, 0, 8}}}});
}

// Makes the checksum right again, so that what lies behind it is tested.
Bytes signed_again(Bytes bytes) {
    TableFileHeader header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    header.checksum = 0;
    const Checksum state(XXH3_createState());
    XXH3_64bits_reset(state.get());
    XXH3_64bits_update(state.get(), bytes.data() + sizeof header, bytes.size() - sizeof header);
    XXH3_64bits_update(state.get(), &header, sizeof header);
    header.checksum = XXH3_64bits_digest(state.get());
    std::memcpy(bytes.data(), &header, sizeof header);
    return bytes;
}

template <typename Value>
Bytes with(Bytes bytes, std::size_t offset, Value value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
    return signed_again(bytes);
}

TEST(TableFile, GivesBackWhatWasWrittenWithEmptyPagesBetween) {
    const auto file = TableFile::open(file_of(small_table()));
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_EQ(Bytes(file->build_id().begin(), file->build_id().end()), kBuildId);
    EXPECT_EQ(file->first_page(), 5U);
    ASSERT_EQ(file->pages(), 4U);
    ASSERT_EQ(file->rows(), 3U);

    std::vector<ff_unwind_page> pages(4);
    ASSERT_TRUE(file->read_pages(0, pages));
    EXPECT_EQ(pages[0].rows, 2U);
    EXPECT_EQ(pages[1].rows, 0U);
    EXPECT_EQ(pages[2].rows, 0U);
    EXPECT_EQ(pages[3].first_row, 2U);
    EXPECT_EQ(pages[3].rows, 1U);

    std::vector<ff_unwind_row> rows(2);
    ASSERT_TRUE(file->read_rows(1, rows));
    EXPECT_EQ(rows[0], (ff_unwind_row{16, FF_CFA_RSP, 0, 0, 8}));
    EXPECT_FALSE(file->read_rows(2, rows));
    EXPECT_FALSE(file->read_pages(4, std::span(pages).first(1)));
}

TEST(TableFile, HoldsTheSameRowsAsTheTableOfALargeBinary) {
    const Fd self(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    MemoryTable table;
    ASSERT_TRUE(build_unwind_table(self.get(), table));
    const auto file = TableFile::open(file_of(table_of(table.pages)));
    ASSERT_TRUE(file) << file.error().what;
    for (const auto& [number, expected] : table.pages) {
        ff_unwind_page page{};
        ASSERT_TRUE(file->read_pages(static_cast<std::uint32_t>(number - file->first_page()), {&page, 1}));
        std::vector<ff_unwind_row> rows(page.rows);
        ASSERT_TRUE(file->read_rows(page.first_row, rows));
        ASSERT_EQ(rows, expected);
    }
}

TEST(TableFile, ATableWithoutCodeIsATable) {
    const auto file = TableFile::open(file_of(table_of({})));
    ASSERT_TRUE(file) << file.error().what;
    EXPECT_EQ(file->pages(), 0U);
}

TEST(TableFile, AFileThatIsCutShortAnywhereIsAnError) {
    const Bytes whole = small_table();
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(TableFile::open(file_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)))))
            << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(TableFile::open(file_of(longer)));
}

TEST(TableFile, EveryChangedByteIsNoticed) {
    const Bytes whole = small_table();
    for (std::size_t i = 0; i < whole.size(); ++i) {
        Bytes changed = whole;
        changed[i] ^= 0x20;
        EXPECT_FALSE(TableFile::open(file_of(changed))) << i;
    }
}

TEST(TableFile, ALyingFileWithARightChecksumIsAnError) {
    const Bytes whole = small_table();
    ASSERT_TRUE(TableFile::open(file_of(signed_again(whole))));
    constexpr std::size_t kRows = sizeof(TableFileHeader);
    constexpr std::size_t kPages = kRows + 3 * sizeof(ff_unwind_row);
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint32_t>(whole, offsetof(TableFileHeader, version), 1))));
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint32_t>(whole, offsetof(TableFileHeader, build_id_size), 65))));
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint64_t>(whole, offsetof(TableFileHeader, first_page), ~0ULL))));
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint16_t>(whole, kRows, 1)))) << "a page begins with address 0";
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint16_t>(whole, kRows + 8, 0)))) << "addresses ascend";
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint16_t>(whole, kRows + 8, FF_UNWIND_PAGE_BYTES))))
        << "a row beyond its page";
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint16_t>(whole, kRows, (FF_CFA_UNSUPPORTED + 1) << 12))))
        << "a rule that there is not";
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint32_t>(whole, kPages, 1)))) << "pages follow on each other";
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint32_t>(whole, kPages + 4, 3))));
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint32_t>(whole, kPages + 28, 0)))) << "no row is left over";
    EXPECT_FALSE(TableFile::open(file_of(with<std::uint32_t>(whole, kPages + 28, ~0U))));
}

TEST(TableFile, AFileThatShrinksAfterwardsIsAnErrorWhenItIsRead) {
    Fd fd = file_of(small_table());
    const Fd again(dup(fd.get()));
    const auto file = TableFile::open(std::move(fd));
    ASSERT_TRUE(file);
    ASSERT_EQ(ftruncate(again.get(), 10), 0);
    ff_unwind_row row{};
    EXPECT_FALSE(file->read_rows(0, {&row, 1}));
}

TEST(TableFile, AFullDiskIsAnErrorOfTheWriter) {
    const Fd full(open("/dev/full", O_RDWR | O_CLOEXEC));
    TableFileWriter writer(full.get(), kBuildId);
    const ff_unwind_row row{};
    EXPECT_FALSE(writer.on_page(0, {&row, 1}));
    EXPECT_FALSE(writer.finish());
}

TEST(TableFile, PagesThatGoBackOrTooFarAreRefused) {
    const Fd fd(memfd_create("table", MFD_CLOEXEC));
    TableFileWriter writer(fd.get(), kBuildId);
    const ff_unwind_row row{};
    ASSERT_TRUE(writer.on_page(7, {&row, 1}));
    EXPECT_FALSE(writer.on_page(7, {&row, 1}));
    EXPECT_FALSE(writer.on_page(6, {&row, 1}));
    EXPECT_FALSE(writer.on_page(7 + kMaxTablePages, {&row, 1}));
}

}  // namespace
}  // namespace footfall
