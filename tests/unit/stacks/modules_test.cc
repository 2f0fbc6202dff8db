#include "agent/stacks/modules.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/unit/stacks/own_worker.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

constexpr std::uint64_t kRestOfNumbers = 300'000'000;  // nanoseconds

const Pid kSelf{static_cast<std::uint32_t>(getpid())};

ExecutableMapping mapping_named(const std::string& path) {
    const auto maps = read_executable_maps(kSelf, 4096);
    const auto found = std::find_if(maps->mappings.begin(), maps->mappings.end(),
                                    [&](const ExecutableMapping& mapping) { return mapping.path == path; });
    EXPECT_NE(found, maps->mappings.end()) << path;
    return found != maps->mappings.end() ? *found : ExecutableMapping{};
}

ExecutableMapping own_code() { return mapping_named(std::filesystem::read_symlink("/proc/self/exe").string()); }

// As if a process had mapped the file.
ExecutableMapping mapping_of_file(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    ExecutableMapping mapping = own_code();
    mapping.start = 0x10000;  // where nothing is mapped
    mapping.end = 0x20000;
    mapping.device = status.st_dev;
    mapping.inode = status.st_ino;
    mapping.path = path;
    return mapping;
}

Pid a_process_that_is_gone() {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    return Pid{static_cast<std::uint32_t>(child)};
}

class CodeModulesTest : public testing::Test {
protected:
    std::optional<ModuleNumber> wait_for(const ExecutableMapping& mapping, Pid pid = kSelf) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        std::optional<ModuleNumber> number;
        while (!(number = modules_.find(pid, mapping)) && std::chrono::steady_clock::now() < deadline) {
            bool described = false;
            modules_.take_loaded(&described);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return number;
    }
    TableState wait_for_table(ModuleNumber number) {
        modules_.want_table(number);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        bool described = false;
        std::vector<ModuleNumber> known;
        while (known.empty() && std::chrono::steady_clock::now() < deadline) {
            known = modules_.take_loaded(&described);
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_EQ(known, std::vector{number});
        return modules_.at(number).table_state;
    }

    ScratchDirectory scratch_;
    ModuleLoader loader_{loader_options(scratch_.file("cache"))};
    CodeModules modules_{loader_, 4, kRestOfNumbers};
};

TEST_F(CodeModulesTest, AFileGetsANumberOnceItIsDescribed) {
    EXPECT_EQ(modules_.find(kSelf, own_code()), std::nullopt);
    const auto number = wait_for(own_code());
    EXPECT_EQ(number, 1);
    EXPECT_EQ(modules_.find(kSelf, own_code()), 1) << "and keeps it";
    EXPECT_EQ(modules_.at(1).path, own_code().path);
    EXPECT_EQ(modules_.at(1).table_state, TableState::kUnknown) << "tables are built for code that is in a stack";
    EXPECT_EQ(wait_for_table(1), TableState::kLoaded);
}

TEST_F(CodeModulesTest, MemoryWithoutAFileIsNoModule) {
    EXPECT_EQ(modules_.find(kSelf, {.start = 0x1000, .end = 0x2000}), 0);
    EXPECT_EQ(modules_.find(kSelf, {.start = 0x1000, .end = 0x2000, .path = "[anon:jit]"}), 0);
}

TEST_F(CodeModulesTest, TheVdsoIsAModuleWithATable) {
    const auto number = wait_for(mapping_named("[vdso]"));
    ASSERT_EQ(number, 1);
    EXPECT_FALSE(modules_.at(1).description.code.empty());
    EXPECT_EQ(wait_for_table(1), TableState::kLoaded);
}

// A build-id is believed of files that only root could have written.
TEST_F(CodeModulesTest, CopiesOfOneBuildAreOneModuleUnlessAnybodyCanWriteThem) {
    if (geteuid() != 0) GTEST_SKIP() << "files of other users are not believed";
    std::vector<ExecutableMapping> copies;
    for (const std::string name : {"one", "two", "open", "given"}) {
        const std::string copy = scratch_.file(name);
        std::filesystem::copy_file("/proc/self/exe", copy);
        std::filesystem::last_write_time(copy, std::filesystem::last_write_time("/proc/self/exe"));
        ASSERT_EQ(chmod(copy.c_str(), name == "open" ? 0777 : 0755), 0);
        const uid_t owner = name == "given" ? 65534 : 0;
        ASSERT_EQ(chown(copy.c_str(), owner, owner), 0);
        copies.push_back(mapping_of_file(copy));
    }
    const auto original = wait_for(copies[0]);
    if (modules_.at(*original).description.build_id.empty()) GTEST_SKIP() << "linked without a build-id";
    EXPECT_EQ(wait_for(copies[1]), original);
    EXPECT_NE(wait_for(copies[2]), original);
    EXPECT_NE(wait_for(copies[3]), original);
}

TEST_F(CodeModulesTest, AddressesAreThoseOfTheModule) {
    const ExecutableMapping code = own_code();
    const auto number = wait_for(code);
    const auto here = reinterpret_cast<std::uint64_t>(&mapping_named);
    const std::uint64_t address = here - modules_.bias_of(code, *number);
    const auto& segments = modules_.at(*number).description.code;
    const auto holds = [&](const CodeSegment& segment) {
        return segment.address <= address && address < segment.address + segment.size &&
               here - code.start + code.file_offset == address - segment.address + segment.file_offset;
    };
    EXPECT_TRUE(std::any_of(segments.begin(), segments.end(), holds)) << std::hex << address;
    EXPECT_EQ(modules_.bias_of(code, 0), 0U) << "absolute";
}

TEST_F(CodeModulesTest, AddressesCountAsTheFileSaysAndNotFromItsBeginning) {
    ExecutableMapping code = own_code();
    const auto number = wait_for(code);
    modules_.at(*number).description.code = {{.address = 0x400500, .file_offset = 0x500, .size = 0x100},
                                             {.address = 0x802040, .file_offset = 0x2040, .size = 0x1800}};
    code.start = 0x7f0000003000;
    code.end = 0x7f0000004000;
    code.file_offset = 0x3000;
    EXPECT_EQ(0x7f0000003010 - modules_.bias_of(code, *number), 0x803010U) << "the second segment's";
    code.file_offset = 0;
    EXPECT_EQ(0x7f0000003510 - modules_.bias_of(code, *number), 0x400510U);
}

TEST_F(CodeModulesTest, AFileThatIsNoProgramIsAModuleWithoutATable) {
    write_contents(scratch_.file("text"), "no program");
    const auto number = wait_for(mapping_of_file(scratch_.file("text")));
    ASSERT_EQ(number, 1);
    EXPECT_EQ(modules_.at(1).path, scratch_.file("text"));
    EXPECT_EQ(modules_.at(1).table_state, TableState::kNone);
}

TEST_F(CodeModulesTest, AnotherFileOfTheSameNameIsNotTakenForIt) {
    write_contents(scratch_.file("text"), "no program");
    ExecutableMapping replaced = mapping_of_file(scratch_.file("text"));
    ++replaced.inode;
    const auto number = wait_for(replaced);
    ASSERT_TRUE(number);
    EXPECT_FALSE(modules_.at(*number).file.valid());
}

// The first process that is seen with a library may be gone before the library could be opened.
// As by `cp`, which writes over what is there.
TEST_F(CodeModulesTest, AFileThatIsRewrittenInItsPlaceIsAnotherModule) {
    const std::string path = scratch_.file("program");
    std::filesystem::copy_file("/proc/self/exe", path);
    const auto before = wait_for(mapping_of_file(path));
    ASSERT_EQ(before, 1);
    EXPECT_FALSE(modules_.at(1).was_rewritten());
    std::filesystem::copy_file("/bin/true", path, std::filesystem::copy_options::overwrite_existing);
    const auto after = wait_for(mapping_of_file(path));
    EXPECT_EQ(after, 2);
    EXPECT_NE(modules_.at(1).description.build_id, modules_.at(2).description.build_id);
    EXPECT_TRUE(modules_.at(1).was_rewritten());
    EXPECT_EQ(wait_for_table(1), TableState::kNone) << "its bytes are those of the other one";
    EXPECT_EQ(wait_for_table(2), TableState::kLoaded);
}

TEST_F(CodeModulesTest, AFileThatIsGoneLeavesItsInodeToNoOther) {
    if (geteuid() != 0) GTEST_SKIP() << "files of other users are never one module";
    for (const char* name : {"first", "second"}) {
        std::filesystem::copy_file("/proc/self/exe", scratch_.file(name));
        std::filesystem::last_write_time(scratch_.file(name), std::filesystem::last_write_time("/proc/self/exe"));
    }
    const ExecutableMapping first = mapping_of_file(scratch_.file("first"));
    const ExecutableMapping second = mapping_of_file(scratch_.file("second"));
    ASSERT_EQ(wait_for(first), 1);
    ASSERT_EQ(wait_for(second), 1) << "they are the same build";
    std::filesystem::remove(scratch_.file("second"));
    for (int i = 0; i < 100; ++i) {
        std::filesystem::copy_file("/bin/true", scratch_.file(std::to_string(i)));
        EXPECT_NE(mapping_of_file(scratch_.file(std::to_string(i))).inode, second.inode);
    }
}

TEST_F(CodeModulesTest, FilesThatWereLongNotMappedMakeRoomAndAreStillTheirModules) {
    const std::string path = scratch_.file("program");
    std::filesystem::copy_file("/proc/self/exe", path);
    const ExecutableMapping mapping = mapping_of_file(path);
    ASSERT_EQ(wait_for(mapping), 1);
    for (int i = 0; i < 40; ++i) {  // more than there is room for
        std::filesystem::copy_file("/proc/self/exe", scratch_.file(std::to_string(i)));
        wait_for(mapping_of_file(scratch_.file(std::to_string(i))));
    }
    EXPECT_LE(modules_.files(), 16);
    EXPECT_EQ(modules_.at(1).path, path) << "for what was seen of it";
}

TEST_F(CodeModulesTest, TheFileOfAProcessThatIsGoneIsOpenedByNameIfItIsTheSame) {
    const auto number = wait_for(own_code(), a_process_that_is_gone());
    ASSERT_TRUE(number);
    EXPECT_TRUE(modules_.at(*number).file.valid());
    ExecutableMapping elsewhere = own_code();
    ++elsewhere.device;
    const auto other = wait_for(elsewhere, a_process_that_is_gone());
    ASSERT_TRUE(other);
    EXPECT_FALSE(modules_.at(*other).file.valid());
}

TEST_F(CodeModulesTest, AFileThatCouldNotBeOpenedOnceIsOpenedForTheNextProcess) {
    ExecutableMapping gone = own_code();
    gone.path = "/of/another/root";
    const auto number = wait_for(gone, a_process_that_is_gone());
    ASSERT_TRUE(number);
    EXPECT_FALSE(modules_.at(*number).file.valid());
    EXPECT_EQ(wait_for(gone, a_process_that_is_gone()), number) << "it is no other module for each that fails";

    EXPECT_EQ(modules_.find(kSelf, own_code()), std::nullopt);
    const auto opened = wait_for(own_code());
    ASSERT_TRUE(opened);
    EXPECT_TRUE(modules_.at(*opened).file.valid());
    EXPECT_EQ(wait_for_table(*opened), TableState::kLoaded);
}

TEST_F(CodeModulesTest, BeyondTheLimitAllFilesAreOne) {
    for (const char* name : {"a", "b", "c"}) {
        write_contents(scratch_.file(name), name);
        EXPECT_NE(wait_for(mapping_of_file(scratch_.file(name))), 0) << name;
    }
    write_contents(scratch_.file("d"), "d");
    const auto without_room = wait_for(mapping_of_file(scratch_.file("d")));
    EXPECT_EQ(without_room, kModuleWithoutRoom);
    EXPECT_FALSE(modules_.has(*without_room));
    modules_.want_table(*without_room);
    EXPECT_FALSE(modules_.loading());
    EXPECT_EQ(modules_.count(), 4U);
}

TEST_F(CodeModulesTest, WhatWasGivenUpIsNotTakenForSettled) {
    write_contents(scratch_.file("a"), "a");
    const auto number = wait_for(mapping_of_file(scratch_.file("a")));
    ASSERT_EQ(number, 1);
    write_contents(scratch_.file("a"), "another");
    modules_.want_table(1);  // it was rewritten, so there will be none: that is told next
    EXPECT_EQ(modules_.give_up({}), std::vector<ModuleNumber>{1});
    bool described = false;
    EXPECT_TRUE(modules_.take_loaded(&described).empty());
}

TEST_F(CodeModulesTest, NumbersThatNothingUsesStandForOtherFilesAfterARest) {
    CodeModules& modules = modules_;
    std::vector<ExecutableMapping> files;
    for (const char* name : {"a", "b", "c", "d"}) {
        write_contents(scratch_.file(name), name);
        files.push_back(mapping_of_file(scratch_.file(name)));
        EXPECT_EQ(modules.is_short_of_room(), files.size() == 4);
        wait_for(files.back());
    }
    // The second is in use.
    EXPECT_EQ(modules.give_up({false, false, true, false}), (std::vector<ModuleNumber>{1, 3}));
    EXPECT_EQ(wait_for(files[1]), 2);
    EXPECT_EQ(modules.at(2).path, files[1].path);
    EXPECT_EQ(wait_for(files[3]), kModuleWithoutRoom) << "records with these numbers may be on their way";
    EXPECT_TRUE(modules.is_given_up(1));
    EXPECT_FALSE(modules.is_given_up(2));
    EXPECT_TRUE(modules.give_up({false, false, true, false}).empty()) << "they are given up already";
    EXPECT_TRUE(modules.is_short_of_room()) << "the fourth is still without room";
    usleep(kRestOfNumbers / 1000);
    modules.give_up({false, false, true, false});
    EXPECT_FALSE(modules.is_short_of_room());
    EXPECT_EQ(wait_for(files[3]), 1);
    EXPECT_EQ(modules.at(1).path, files[3].path);
    EXPECT_EQ(wait_for(files[0]), 3);
    EXPECT_EQ(wait_for(files[2]), kModuleWithoutRoom);
}

}  // namespace
}  // namespace footfall
