#include "symbolizer/jit/code_owner.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "symbolizer/jit/jitdump.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

TEST(JitDumpPaths, AreTheOnesThatRuntimesWrite) {
    for (const char* path : {"/home/shop/.debug/jit/java-jit-20261122/jit-812.dump", "/jit-1.dump", "jit-4294967295.dump"})
        EXPECT_TRUE(JitDump::is_path(path)) << path;
    for (const char* path :
         {"", "/jit-.dump", "/jit-8x2.dump", "/jit-812.dump.so", "/xjit-812.dump", "/jit-812.dump/lib.so", "/jit-dump"})
        EXPECT_FALSE(JitDump::is_path(path)) << path;
}

class CodeOwners : public testing::Test {
protected:
    void status(const std::string& text) {
        std::filesystem::create_directories(process_);
        write_contents(process_ + "/status", text);
    }
    ScratchDirectory scratch_;
    std::string process_ = scratch_.file("812");
};

TEST_F(CodeOwners, AreTheEffectiveUserAndTheInnermostPid) {
    status("Name:\tnode\nUid:\t1000\t1001\t1002\t1003\nNSpid:\t812\t40\t5\n");
    const auto owner = read_code_owner(process_);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->user, 1001);
    EXPECT_EQ(owner->inner_pid, "5");
}

TEST_F(CodeOwners, OfProcessesThatAreGoneAreNone) {
    EXPECT_FALSE(read_code_owner(process_));
    status("");
    EXPECT_FALSE(read_code_owner(process_));
}

// Its name is the process's to choose, up to the line's end.
TEST_F(CodeOwners, AreNotTakenFromTheName) {
    status("Name:\tUid: 0 0\nUid:\t1000\t1000\t1000\t1000\nNSpid:\t812\n");
    EXPECT_EQ(read_code_owner(process_)->user, 1000);
}

TEST_F(CodeOwners, AreBelievedWithTheirOwnRegularFilesAndThoseOfRoot) {
    if (getuid() != 0) GTEST_SKIP() << "only root can make a file of another user";
    const std::string path = scratch_.file("map");
    write_contents(path, "");
    const Fd file = open_file(path);
    EXPECT_TRUE(may_name_code({1000, "1"}, file.get()));
    ASSERT_EQ(chown(path.c_str(), 1000, 1000), 0);
    EXPECT_TRUE(may_name_code({1000, "1"}, file.get()));
    EXPECT_FALSE(may_name_code({1001, "1"}, file.get()));
    EXPECT_FALSE(may_name_code({0, "1"}, file.get()));
    EXPECT_FALSE(may_name_code({0, "1"}, open_file("/dev/null").get()));
}

}  // namespace
}  // namespace footfall
