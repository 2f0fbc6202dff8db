#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <random>

#include "symbolizer/jit/jitdump.h"
#include "symbolizer/jit/perf_map.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

std::string text(const tl::expected<JitFunction, Miss>& found) {
    return found ? std::string(found->name) + "+" + std::to_string(found->offset) : std::string(text_of(found.error()));
}

class PerfMaps : public testing::Test {
protected:
    void append(const std::string& lines) {
        contents_ += lines;
        write_contents(path_, contents_);
    }
    Miss update() { return map_.update(open_file(path_).get()); }

    ScratchDirectory scratch_;
    std::string path_ = scratch_.file("perf-1.map");
    std::string contents_;
    PerfMap map_{1 << 20};
};

TEST_F(PerfMaps, NameCode) {
    append("7f0000001000 80 LazyCompile:*handler /srv/app.js:10\n0x7f0000002000 0x10 Builtin:Call\n");
    EXPECT_EQ(update(), Miss::kNone);
    EXPECT_EQ(text(map_.find(0x7f0000001000)), "LazyCompile:*handler /srv/app.js:10+0");
    EXPECT_EQ(text(map_.find(0x7f000000107f)), "LazyCompile:*handler /srv/app.js:10+127");
    EXPECT_EQ(text(map_.find(0x7f0000002008)), "Builtin:Call+8");
    EXPECT_EQ(map_.find(0x7f0000001080).error(), Miss::kOutsideOfSymbols);
}

TEST_F(PerfMaps, GrowWhileTheyAreRead) {
    append("1000 10 first\n");
    update();
    append("2000 10 second\n");
    update();
    EXPECT_EQ(text(map_.find(0x1000)), "first+0");
    EXPECT_EQ(text(map_.find(0x2000)), "second+0");
}

TEST_F(PerfMaps, WaitForTheRestOfAHalfWrittenLine) {
    append("1000 10 first\n2000 10 sec");
    update();
    EXPECT_FALSE(map_.find(0x2000));
    append("ond half\n");
    update();
    EXPECT_EQ(text(map_.find(0x2000)), "second half+0");
    EXPECT_EQ(map_.bad_lines(), 0);
}

TEST_F(PerfMaps, TakeTheLaterOfTwoFunctionsAtOneAddress) {
    append("1000 100 old\n1040 20 new\n");
    update();
    EXPECT_EQ(text(map_.find(0x1000)), "old+0");
    EXPECT_EQ(text(map_.find(0x1040)), "new+0");
    EXPECT_EQ(text(map_.find(0x1060)), "old+96");
    append("1000 100 newest\n");
    update();
    EXPECT_EQ(text(map_.find(0x1040)), "newest+64");
    EXPECT_EQ(map_.code().ranges(), 1);
}

TEST_F(PerfMaps, StartAgainWhenTheFileWasRewritten) {
    append("1000 10 first\n2000 10 second\n");
    update();
    contents_.clear();
    append("3000 10 third\n");
    update();
    EXPECT_FALSE(map_.find(0x1000));
    EXPECT_EQ(text(map_.find(0x3000)), "third+0");
}

TEST_F(PerfMaps, StartAgainWhenThereIsAnotherFile) {
    append("1000 10 first\n");
    update();
    rename(path_.c_str(), scratch_.file("old").c_str());
    contents_ = "2000 10 second, and longer than the other\n";
    append("");
    update();
    EXPECT_FALSE(map_.find(0x1000));
    EXPECT_TRUE(map_.find(0x2000));
}

TEST_F(PerfMaps, CountLinesThatMakeNoSense) {
    append("hello world\n1000\n1000 10\nxyz 10 name\n1000 zz name\n\n2000 10 good\n");
    update();
    EXPECT_EQ(map_.bad_lines(), 6);
    EXPECT_EQ(text(map_.find(0x2000)), "good+0");
}

TEST_F(PerfMaps, IgnoreRangesThatAreEmptyOrPastTheEnd) {
    append("1000 0 empty\nffffffffffffff00 1000 wrapped\n");
    update();
    EXPECT_EQ(map_.code().ranges(), 0);
    EXPECT_EQ(map_.find(0x1000).error(), Miss::kNoMap);
}

TEST_F(PerfMaps, HaveAnUpperLimit) {
    std::string lines;
    char line[64];
    for (int i = 0; i < 50'000; ++i) {
        snprintf(line, sizeof line, "%x 10 function_number_%d\n", 0x100000 + i * 16, i);
        lines += line;
    }
    append(lines);
    EXPECT_EQ(update(), Miss::kTooLarge);
    EXPECT_LE(map_.code().bytes(), 1 << 20);
    EXPECT_EQ(text(map_.find(0x100000)), "function_number_0+0");
    EXPECT_EQ(map_.find(0x100000 + 49'999 * 16).error(), Miss::kTooLarge);
}

TEST_F(PerfMaps, HaveAnUpperLimitThoughHolesMakeNewRanges) {
    std::string lines = "0 ffffffffffff everything\n";
    char line[64];
    for (int i = 0; i < 50'000; ++i) {
        snprintf(line, sizeof line, "%x 1 h\n", 0x1000 + i * 16);
        lines += line;
    }
    append(lines);
    EXPECT_EQ(update(), Miss::kTooLarge);
    EXPECT_LE(map_.code().bytes(), 1 << 20);
}

TEST_F(PerfMaps, SkipALineThatNeverEnds) {
    append("1000 10 " + std::string(100'000, 'x'));
    update();
    append("\n2000 10 good\n");
    update();
    EXPECT_EQ(map_.bad_lines(), 1);
    EXPECT_EQ(text(map_.find(0x2000)), "good+0");
}

// Whatever pieces a file is written in, it means the same.
TEST_F(PerfMaps, MeanTheSameInWhateverPiecesTheyCome) {
    std::mt19937 random(7);
    std::string all;
    char line[64];
    for (int i = 0; i < 300; ++i) {
        snprintf(line, sizeof line, "%x %x f%d\n", static_cast<unsigned>(random() % 4096),
                 static_cast<unsigned>(random() % 256), i);
        all += line;
    }
    PerfMap whole(1 << 20);
    write_contents(path_, all);
    whole.update(open_file(path_).get());
    write_contents(path_, "");
    update();
    for (std::size_t at = 0; at < all.size();) {
        at = std::min(all.size(), at + 1 + random() % 40);
        std::ofstream(path_, std::ios::binary | std::ios::app) << all.substr(contents_.size(), at - contents_.size());
        contents_ = all.substr(0, at);
        update();
    }
    for (std::uint64_t address = 0; address < 5000; ++address)
        ASSERT_EQ(text(map_.find(address)), text(whole.find(address)));
}

class PerfMapsOfProcesses : public testing::Test {
protected:
    void SetUp() override {
        std::filesystem::create_directories(root_ + "/tmp");
        write_contents(proc_ + "/812/status", "Name:\tnode\nNSpid:\t812\t5\n");
    }
    tl::expected<Fd, Miss> open_map() { return PerfMap::open(Pid{812}, proc_); }

    ScratchDirectory scratch_;
    std::string proc_ = scratch_.file("proc");
    std::string root_ = proc_ + "/812/root";
};

TEST_F(PerfMapsOfProcesses, AreFoundInTheirFileSystemByThePidThatTheySee) {
    EXPECT_EQ(open_map().error(), Miss::kNoMap);
    write_contents(root_ + "/tmp/perf-5.map", "1000 10 f\n");
    EXPECT_TRUE(open_map());
}

TEST_F(PerfMapsOfProcesses, ThatAreGoneAreAReason) { EXPECT_EQ(PerfMap::open(Pid{813}, proc_).error(), Miss::kNoSuchFile); }

TEST_F(PerfMapsOfProcesses, DoNotLeadOutOfTheirFileSystem) {
    write_contents(scratch_.file("secret"), "1000 10 secret\n");
    std::filesystem::create_symlink(scratch_.file("secret"), root_ + "/tmp/perf-5.map");
    EXPECT_EQ(open_map().error(), Miss::kNoMap);
    std::filesystem::remove(root_ + "/tmp/perf-5.map");
    std::filesystem::create_symlink("../../../../secret", root_ + "/tmp/perf-5.map");
    EXPECT_EQ(open_map().error(), Miss::kNoMap);
}

TEST_F(PerfMapsOfProcesses, ThatArePipesAreNotWaitedFor) {
    ASSERT_EQ(mkfifo((root_ + "/tmp/perf-5.map").c_str(), 0600), 0);
    EXPECT_EQ(open_map().error(), Miss::kNoMap);
}

TEST_F(PerfMapsOfProcesses, OfAnotherUserAreNotBelieved) {
    if (getuid() != 0) GTEST_SKIP() << "only root can make a file of another user";
    write_contents(root_ + "/tmp/perf-5.map", "1000 10 f\n");
    ASSERT_EQ(chown((root_ + "/tmp/perf-5.map").c_str(), 12'345, 12'345), 0);
    EXPECT_EQ(open_map().error(), Miss::kNoPermission);
}

// Writes the records of a runtime.
class JitDumps : public testing::Test {
protected:
    template <typename... Values>
    static std::string packed(Values... values) {
        std::string bytes;
        (bytes.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
        return bytes;
    }
    static std::string header() { return packed(0x4a695444U, 1U, 40U, 62U, 0U, 812U, std::uint64_t{0}, std::uint64_t{0}); }
    static std::string record(std::uint32_t id, const std::string& body) {
        return packed(id, static_cast<std::uint32_t>(16 + body.size()), std::uint64_t{1}) + body;
    }
    static std::string load(std::uint64_t address, const std::string& code, const std::string& name) {
        const std::string head = packed(812U, 812U, address, address, std::uint64_t{code.size()}, std::uint64_t{1});
        return record(0, head + name + std::string(1, '\0') + code);
    }
    static std::string move(std::uint64_t from, std::uint64_t to, std::uint64_t size) {
        return record(1, packed(812U, 812U, to, from, to, size, std::uint64_t{1}));
    }
    Miss update(const std::string& bytes) {
        write_contents(path_, bytes);
        return dump_.update(open_file(path_).get());
    }

    ScratchDirectory scratch_;
    std::string path_ = scratch_.file("jit-812.dump");
    JitDump dump_;
};

TEST_F(JitDumps, NameCodeThatIsLoadedAndMoved) {
    const std::string code(32, '\x90');
    EXPECT_EQ(
        update(header() + load(0x1000, code, "handler") + record(2, "debug information") + load(0x2000, code, "other")),
        Miss::kNone);
    EXPECT_EQ(text(dump_.find(0x1010)), "handler+16");
    EXPECT_EQ(text(dump_.find(0x201f)), "other+31");
    EXPECT_EQ(update(contents_of(path_) + move(0x1000, 0x5000, 32)), Miss::kNone);
    EXPECT_EQ(text(dump_.find(0x5010)), "handler+16");
    EXPECT_EQ(dump_.find(0x1010).error(), Miss::kOutsideOfSymbols);
}

TEST_F(JitDumps, WaitForTheRestOfAHalfWrittenRecord) {
    const std::string whole = header() + load(0x1000, "code", "handler") + load(0x2000, "code", "other");
    for (std::size_t size = header().size(); size <= whole.size(); ++size)
        ASSERT_EQ(update(whole.substr(0, size)), Miss::kNone);
    EXPECT_EQ(text(dump_.find(0x2000)), "other+0");
    EXPECT_EQ(dump_.code().ranges(), 2);
}

TEST_F(JitDumps, OfOtherFormatsAreAReason) {
    EXPECT_EQ(update("not a jitdump"), Miss::kMalformed);
    EXPECT_EQ(update(""), Miss::kMalformed);
    EXPECT_EQ(update(header() + packed(0U, 3U, std::uint64_t{0})), Miss::kMalformed);
}

}  // namespace
}  // namespace footfall
