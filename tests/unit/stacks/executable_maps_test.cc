#include "agent/stacks/executable_maps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

#include "tests/unit/processes/fake_tree.h"

namespace footfall {
namespace {

using testing::ElementsAre;

std::optional<ExecutableMaps> maps_of(const std::string& text, std::size_t most = 100) {
    const FakeTree tree{{"proc/7/maps", text}};
    return read_executable_maps(Pid{7}, most, tree.proc());
}

std::vector<std::string> paths_of(const ExecutableMaps& maps) {
    std::vector<std::string> paths;
    for (const ExecutableMapping& mapping : maps.mappings) paths.push_back(mapping.path);
    return paths;
}

TEST(ExecutableMaps, KeepsWhereCodeLiesAndOfWhichFileItIs) {
    const auto maps = maps_of(
        "555500000000-555500001000 r--p 00000000 fe:01 1234                       /usr/bin/shop\n"
        "555500001000-555500004000 r-xp 00001000 fe:01 1234                       /usr/bin/shop\n"
        "555500004000-555500005000 rw-p 00004000 fe:01 1234                       /usr/bin/shop\n"
        "7ffff7fc0000-7ffff7fc2000 r-xp 00000000 00:00 0                          [vdso]\n");
    ASSERT_TRUE(maps);
    ASSERT_EQ(maps->mappings.size(), 2U);
    const ExecutableMapping& code = maps->mappings[0];
    EXPECT_EQ(code.start, 0x555500001000U);
    EXPECT_EQ(code.end, 0x555500004000U);
    EXPECT_EQ(code.file_offset, 0x1000U);
    EXPECT_EQ(code.inode, 1234U);
    EXPECT_EQ(code.device, (0xfeU << 20) | 1U);
    EXPECT_EQ(code.path, "/usr/bin/shop");
    EXPECT_EQ(maps->mappings[1].path, "[vdso]");
    EXPECT_EQ(maps->mappings[1].inode, 0U);
    EXPECT_EQ(maps->memory.executable_pages, 5U);
}

TEST(ExecutableMaps, PathsKeepTheirSpacesAndLineEnds) {
    const auto maps = maps_of(
        "1000-2000 r-xp 00000000 fe:01 1                          /opt/my shop/bin  one \n"
        "3000-4000 r-xp 00000000 fe:01 2                          /opt/two\\012lines\\012.so\n"
        "5000-6000 r-xp 00000000 fe:01 3                          /opt/r-xp rwxp 0 0:0 0 /x\n");
    ASSERT_TRUE(maps);
    EXPECT_THAT(paths_of(*maps), ElementsAre("/opt/my shop/bin  one ", "/opt/two\nlines\n.so", "/opt/r-xp rwxp 0 0:0 0 /x"));
}

TEST(ExecutableMaps, ADeletedFileKeepsItsNameAndInode) {
    const auto maps = maps_of(
        "1000-2000 r-xp 00000000 fe:01 77                         /usr/bin/shop (deleted)\n"
        "3000-4000 r-xp 00000000 00:01 78                         /memfd:jit (deleted)\n");
    ASSERT_TRUE(maps);
    EXPECT_THAT(paths_of(*maps), ElementsAre("/usr/bin/shop", "/memfd:jit"));
    EXPECT_EQ(maps->mappings[0].inode, 77U);
}

TEST(ExecutableMaps, TheVsyscallPageIsNoCodeOfTheProcess) {
    const std::string vsyscall = "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";
    const auto maps = maps_of("1000-2000 r-xp 00000000 fe:01 1    /bin/a\n" + vsyscall);
    ASSERT_TRUE(maps);
    EXPECT_THAT(paths_of(*maps), ElementsAre("/bin/a"));
    EXPECT_EQ(maps->memory.executable_pages, 1U);
    EXPECT_FALSE(maps_of(vsyscall)) << "an exiting process has nothing else";
}

// The kernel's own count has neither code that can be written to, nor anything else.
TEST(ExecutableMaps, CodeThatCanBeWrittenToIsKeptButNotCounted) {
    const auto maps = maps_of(
        "1000-2000 r-xp 00000000 fe:01 1 /bin/a\n"
        "2000-9000 rwxp 00000000 00:00 0 \n"
        "9000-a000 --xp 00000000 00:00 0 \n"
        "a000-c000 r-xs 00000000 fe:01 2 /dev/shm/code\n");
    ASSERT_TRUE(maps);
    EXPECT_THAT(paths_of(*maps), ElementsAre("/bin/a", "", "/dev/shm/code"));
    EXPECT_EQ(maps->memory.executable_pages, 4U);
}

TEST(ExecutableMaps, WhatIsAboveTheLimitIsLeftOutButCounted) {
    const auto maps = maps_of(
        "1000-2000 r-xp 00000000 fe:01 1 /a\n"
        "3000-4000 r-xp 00000000 fe:01 2 /b\n"
        "5000-6000 r-xp 00000000 fe:01 3 /c\n",
        2);
    ASSERT_TRUE(maps);
    EXPECT_THAT(paths_of(*maps), ElementsAre("/a", "/b"));
    EXPECT_EQ(maps->memory.executable_pages, 3U) << "or the kernel would never take the mappings as up to date";
}

TEST(ExecutableMaps, MemoryWithoutAFileIsOneWithItsNeighbours) {
    const auto maps = maps_of(
        "1000-2000 r-xp 00000000 00:00 0 \n"
        "2000-3000 rwxp 00000000 00:00 0 \n"
        "4000-5000 r-xp 00000000 00:00 0 \n"
        "5000-6000 r-xp 00000000 fe:01 1 /a\n"
        "6000-7000 r-xp 00001000 fe:01 1 /a\n");
    ASSERT_TRUE(maps);
    ASSERT_EQ(maps->mappings.size(), 4U);
    EXPECT_EQ(maps->mappings[0].start, 0x1000U);
    EXPECT_EQ(maps->mappings[0].end, 0x3000U);
    EXPECT_EQ(maps->mappings[1].start, 0x4000U) << "there is a gap before it";
    EXPECT_EQ(maps->mappings[3].file_offset, 0x1000U) << "files have a place each";
}

TEST(ExecutableMaps, CodeMadeAtRunTimeTakesNoRoomFromFiles) {
    const auto maps = maps_of(
        "1000-2000 r-xp 00000000 00:00 0 \n"
        "3000-4000 r-xp 00000000 00:00 0 \n"
        "5000-6000 r-xp 00000000 fe:01 1 /a\n"
        "7000-8000 r-xp 00000000 00:00 0 [vdso]\n",
        2);
    ASSERT_TRUE(maps);
    EXPECT_THAT(paths_of(*maps), ElementsAre("/a", "[vdso]"));
}

TEST(ExecutableMaps, KnowsWhereTheProgramsStackBegins) {
    std::string stat = "7 (a) b (c)) S";
    for (int field = 4; field <= 27; ++field) stat += " " + std::to_string(field);
    const FakeTree tree{{"proc/7/maps", "1000-2000 r-xp 00000000 fe:01 1 /a\n"},
                        {"proc/7/stat", stat + " 140737488 29 30\n"}};
    EXPECT_EQ(read_executable_maps(Pid{7}, 100, tree.proc())->memory.stack_start, 140737488U);
    EXPECT_EQ(maps_of("1000-2000 r-xp 00000000 fe:01 1 /a\n")->memory.stack_start, 0U);
}

TEST(ExecutableMaps, LinesThatMakeNoSenseAreLeftOut) {
    const auto maps = maps_of("\n-\nnonsense\n2000-1000 r-xp 0 0:0 0 /backwards\n1000-2000\n1000-2000 r-xp\n");
    ASSERT_TRUE(maps);
    EXPECT_EQ(maps->mappings.size(), 1U);
    EXPECT_FALSE(maps_of("nonsense\n"));
}

std::string text_of(const ExecutableMaps& maps) {
    std::ostringstream text;
    for (const ExecutableMapping& mapping : maps.mappings)
        text << std::hex << mapping.start << '-' << mapping.end << ' ' << mapping.file_offset << ' ' << mapping.path << '\n';
    text << std::dec << maps.memory.executable_pages << " pages";
    return text.str();
}

ExecutableMapping file_mapping(std::uint64_t start, std::uint64_t end, std::string path) {
    return {.start = start, .end = end, .file_offset = 0x5000, .device = 1, .inode = 9, .path = std::move(path)};
}

TEST(LaidOverMaps, AFileThatOtherCodeLiesOnIsGone) {
    auto maps = maps_of("10000-20000 r-xp 00001000 fe:01 1 /a\n30000-40000 r-xp 00000000 fe:01 2 /b\n");
    lay_over(*maps, file_mapping(0x14000, 0x15000, "/c"));
    EXPECT_EQ(text_of(*maps), "14000-15000 5000 /c\n30000-40000 0 /b\n17 pages");
    lay_over(*maps, file_mapping(0x15000, 0x30000, "/d"));
    EXPECT_EQ(text_of(*maps), "14000-15000 5000 /c\n15000-30000 5000 /d\n30000-40000 0 /b\n44 pages") << "it touches two";
    lay_over(*maps, file_mapping(0x1000, 0x2000, "/e"));
    lay_over(*maps, file_mapping(0x20000, 0x31000, "/f"));
    EXPECT_EQ(text_of(*maps), "1000-2000 5000 /e\n14000-15000 5000 /c\n20000-31000 5000 /f\n19 pages");
}

TEST(LaidOverMaps, MemoryWithoutAFileIsOneWithItsNeighbours) {
    auto maps = maps_of("10000-11000 r-xp 00000000 00:00 0\n12000-13000 r-xp 00000000 00:00 0\n");
    lay_over(*maps, {.start = 0x11000, .end = 0x12000});
    EXPECT_EQ(text_of(*maps), "10000-13000 0 \n3 pages");
    lay_over(*maps, {.start = 0x11000, .end = 0x12000});
    EXPECT_EQ(text_of(*maps), "10000-13000 0 \n3 pages");
    lay_over(*maps, file_mapping(0x11000, 0x12000, "/a"));
    EXPECT_EQ(text_of(*maps), "10000-11000 0 \n11000-12000 5000 /a\n12000-13000 0 \n3 pages");
}

TEST(ExecutableMaps, AProcessThatIsGoneHasNone) {
    const FakeTree tree{{"proc/7/maps", ""}};
    EXPECT_FALSE(read_executable_maps(Pid{7}, 100, tree.proc())) << "it is exiting";
    EXPECT_FALSE(read_executable_maps(Pid{8}, 100, tree.proc()));
}

TEST(ExecutableMaps, FindsTheCodeOfThisProgram) {
    const auto maps = read_executable_maps(Pid{static_cast<std::uint32_t>(getpid())}, 4096);
    ASSERT_TRUE(maps);
    const auto here = reinterpret_cast<std::uint64_t>(&paths_of);
    const auto holds = [&](const ExecutableMapping& mapping) { return mapping.start <= here && here < mapping.end; };
    const auto own = std::find_if(maps->mappings.begin(), maps->mappings.end(), holds);
    ASSERT_NE(own, maps->mappings.end());
    EXPECT_EQ(own->path, std::filesystem::read_symlink("/proc/self/exe").string());
    EXPECT_TRUE(std::is_sorted(maps->mappings.begin(), maps->mappings.end(),
                               [](const auto& a, const auto& b) { return a.start < b.start; }));
}

}  // namespace
}  // namespace footfall
