#include "agent/stacks/table_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>

#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

constexpr std::uint64_t kPlenty = 1 << 20;
constexpr const char* kOne = "1111111111111111";
constexpr const char* kTwo = "2222222222222222";
constexpr const char* kThree = "3333333333333333";

class TableCacheTest : public testing::Test {
protected:
    // Keeps a table of so many rows. Used so long ago.
    void keep(TableCache& cache, const std::string& build_id, std::uint16_t rows = 3, int seconds_ago = 0) {
        const auto file = cache.create();
        ASSERT_TRUE(file);
        TableFileWriter writer(file->get(), {});
        std::vector<ff_unwind_row> page;
        for (std::uint16_t i = 0; i < rows; ++i) page.push_back({i, FF_CFA_RSP, 0, 0, 8 * (i + 1)});
        ASSERT_TRUE(writer.on_page(0, page));
        ASSERT_TRUE(writer.finish());
        const std::array<timespec, 2> used{timespec{time(nullptr) - seconds_ago, 0}, {time(nullptr) - seconds_ago, 0}};
        ASSERT_EQ(futimens(file->get(), used.data()), 0);
        cache.keep(file->get(), build_id);
    }
    [[nodiscard]] std::string only_file() const {
        return std::filesystem::directory_iterator(scratch_.path())->path().string();
    }

    ScratchDirectory scratch_;
};

TEST_F(TableCacheTest, KeepsATableByItsBuildIdAcrossStarts) {
    TableCache first(scratch_.path(), kPlenty);
    keep(first, kOne, 5);
    TableCache second(scratch_.path(), kPlenty);
    const auto found = second.find(kOne);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->rows(), 5U);
    EXPECT_FALSE(second.find(kTwo));
}

TEST_F(TableCacheTest, MakesItsDirectory) {
    TableCache cache(scratch_.file("a/b"), kPlenty);
    keep(cache, kOne);
    EXPECT_TRUE(cache.find(kOne));
}

TEST_F(TableCacheTest, RefusesADirectoryThatOthersMayWriteTo) {
    TableCache safe(scratch_.path(), kPlenty);
    keep(safe, kOne);
    for (const mode_t mode : {0770, 0707, 0777, 01777}) {
        ASSERT_EQ(chmod(scratch_.path().c_str(), mode), 0);
        TableCache cache(scratch_.path(), kPlenty);
        EXPECT_FALSE(cache.find(kOne)) << std::oct << mode;
        keep(cache, kTwo);
        EXPECT_EQ(scratch_.entries(), 1U) << std::oct << mode;
    }
    ASSERT_EQ(chmod(scratch_.path().c_str(), 0755), 0);
    EXPECT_TRUE(TableCache(scratch_.path(), kPlenty).find(kOne));
}

TEST_F(TableCacheTest, RefusesADirectoryOfSomebodyElse) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a directory away";
    TableCache safe(scratch_.path(), kPlenty);
    keep(safe, kOne);
    ASSERT_EQ(chown(scratch_.path().c_str(), 65534, 65534), 0);
    EXPECT_FALSE(TableCache(scratch_.path(), kPlenty).find(kOne));
}

TEST_F(TableCacheTest, WithoutADirectoryTablesCanStillBeMade) {
    write_contents(scratch_.file("file"), "");
    TableCache cache(scratch_.file("file/below"), kPlenty);
    keep(cache, kOne);
    EXPECT_FALSE(cache.find(kOne));
}

TEST_F(TableCacheTest, ADamagedFileIsRemovedAndMadeAnew) {
    TableCache cache(scratch_.path(), kPlenty);
    keep(cache, kOne);
    std::string bytes = contents_of(only_file());
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_contents(only_file(), bytes);
    EXPECT_FALSE(cache.find(kOne));
    EXPECT_EQ(scratch_.entries(), 0U);
    keep(cache, kOne);
    EXPECT_TRUE(cache.find(kOne));
}

TEST_F(TableCacheTest, AFileThatWasCutShortOrIsALinkIsNotTaken) {
    TableCache cache(scratch_.path(), kPlenty);
    keep(cache, kOne);
    const std::string name = only_file();
    const std::string bytes = contents_of(name);
    for (const std::size_t size : {std::size_t{0}, std::size_t{50}, bytes.size() - 1}) {
        write_contents(name, bytes.substr(0, size));
        EXPECT_FALSE(cache.find(kOne)) << size;
    }
    const ScratchDirectory elsewhere;
    write_contents(elsewhere.file("table"), bytes);
    ASSERT_EQ(symlink(elsewhere.file("table").c_str(), name.c_str()), 0);
    EXPECT_FALSE(cache.find(kOne));
}

TEST_F(TableCacheTest, TheLeastRecentlyUsedTablesMakeRoom) {
    TableCache cache(scratch_.path(), kPlenty);
    keep(cache, kOne, 10, 300);
    const std::uint64_t bytes = std::filesystem::file_size(only_file());
    keep(cache, kTwo, 10, 200);
    EXPECT_TRUE(cache.find(kOne)) << "used now, so that the other is the older one";

    TableCache small(scratch_.path(), 2 * bytes);
    keep(small, kThree, 10);
    EXPECT_TRUE(small.find(kOne));
    EXPECT_FALSE(small.find(kTwo));
    EXPECT_TRUE(small.find(kThree));
}

TEST_F(TableCacheTest, FilesOfOthersAreNotTouched) {
    write_contents(scratch_.file("notes.txt"), std::string(10'000, 'x'));
    TableCache cache(scratch_.path(), 100);
    keep(cache, kOne);
    EXPECT_TRUE(std::filesystem::exists(scratch_.file("notes.txt")));
    EXPECT_FALSE(cache.find(kOne)) << "it is over the limit by itself";
}

TEST_F(TableCacheTest, WhatCouldBeAPathIsNoName) {
    TableCache cache(scratch_.path(), kPlenty);
    for (const std::string bad : {"", "../../etc/passwd", "ABCDEF0123456789", "1111111 ", "1234567"}) {
        keep(cache, bad);
        EXPECT_FALSE(cache.find(bad)) << bad;
    }
    keep(cache, std::string(250, 'a'));
    EXPECT_EQ(scratch_.entries(), 0U);
}

TEST_F(TableCacheTest, KeepingTheSameBuildTwiceIsNoHarm) {
    TableCache cache(scratch_.path(), kPlenty);
    keep(cache, kOne, 3);
    keep(cache, kOne, 4);
    EXPECT_TRUE(cache.find(kOne));
    EXPECT_EQ(scratch_.entries(), 1U);
}

}  // namespace
}  // namespace footfall
