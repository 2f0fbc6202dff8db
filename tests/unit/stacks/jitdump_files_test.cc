#include "agent/stacks/jitdump_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <filesystem>

#include "agent/stacks/stack_symbols.h"
#include "tests/unit/stacks/collector_world.h"

namespace footfall {
namespace {

constexpr std::uint64_t kCode = 0x7f0000001000;

template <typename... Values>
std::string packed(Values... values) {
    std::string bytes;
    (bytes.append(reinterpret_cast<const char*>(&values), sizeof values), ...);
    return bytes;
}

// A jitdump with one function at kCode.
std::string jitdump_of(const std::string& name) {
    const std::string code(64, '\x90');
    const std::string load = packed(1U, 1U, kCode, kCode, std::uint64_t{code.size()}, std::uint64_t{1}) + name + '\0' + code;
    return packed(0x4a695444U, 1U, 40U, 62U, 0U, 1U, std::uint64_t{0}, std::uint64_t{0}) +
           packed(0U, static_cast<std::uint32_t>(16 + load.size()), std::uint64_t{1}) + load;
}

// What a runtime does: writes its file, and maps the first page of it as code.
class Marker {
public:
    Marker(std::string path, const std::string& bytes) : path_(std::move(path)) {
        write_contents(path_, bytes);
        const Fd file(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
        page_ = mmap(nullptr, kPage, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.get(), 0);
    }
    ~Marker() { munmap(page_, kPage); }
    Marker(const Marker&) = delete;
    Marker& operator=(const Marker&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] ExecutableMapping mapping(Pid pid) const {
        const auto maps = read_executable_maps(pid, 4096);
        for (const ExecutableMapping& mapping : maps->mappings) {
            if (mapping.start == reinterpret_cast<std::uintptr_t>(page_)) return mapping;
        }
        return {};
    }

private:
    static constexpr std::size_t kPage = 4096;
    std::string path_;
    void* page_ = nullptr;
};

// A child with the mappings of this process, of some user, until it goes out of scope.
class Child {
public:
    explicit Child(uid_t user = 0) : pid_(fork()) {
        if (pid_ == 0) {
            if (user != 0 && setuid(user) != 0) _exit(1);
            for (;;) pause();
        }
        while (user != 0 && owner() != user) usleep(1'000);
    }
    ~Child() { end(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    void end() {
        if (pid_ <= 0) return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }
    [[nodiscard]] Pid pid() const { return Pid{static_cast<std::uint32_t>(pid_)}; }

private:
    [[nodiscard]] uid_t owner() const {
        std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
        uid_t user = 0;
        for (std::string word; status >> word;) {
            if (word == "Uid:" && status >> user) return user;
        }
        return user;
    }
    pid_t pid_;
};

std::string contents_of(const Fd& file) { return footfall::contents_of("/proc/self/fd/" + std::to_string(file.get())); }

class JitDumpFilesTest : public CollectorTest {
protected:
    [[nodiscard]] std::string path() const { return scratch_.file("jit-812.dump"); }
    Stacks filled(Pid pid, std::map<Pid, Fd> jitdumps = {}) {
        StackCapture capture;
        capture.jitdumps = std::move(jitdumps);
        Sample sample;
        sample.pid = pid;
        sample.user = {{0, kCode + 16, false}, {0, kCode + 0x10000, false}};
        sample.nanoseconds = 1;
        capture.samples.push_back(sample);
        SymbolizerClient client(options_.loader.worker);
        Stacks stacks;
        fill_stacks(capture, client, stacks);
        return stacks;
    }
    static std::string name_of(const Stacks& stacks, int index) {
        const Location& location = stacks.locations(static_cast<int>(stacks.samples(0).locations(index)));
        if (location.lines_size() == 0) return "(" + stacks.strings(static_cast<int>(location.miss())) + ")";
        return stacks.strings(static_cast<int>(location.lines(0).function()));
    }

    ScratchDirectory scratch_;
};

TEST_F(JitDumpFilesTest, NameTheCodeOfARunningProcess) {
    const Marker marker(path(), jitdump_of("handler"));
    const Stacks stacks = filled(self_);
    EXPECT_EQ(name_of(stacks, 0), "handler");
    EXPECT_EQ(name_of(stacks, 1), "(" + std::string(text_of(Miss::kOutsideOfSymbols)) + ")");
}

TEST_F(JitDumpFilesTest, GoBeforeAPerfMapWhichNamesTheRest) {
    const Marker marker(path(), jitdump_of("handler"));
    const std::string map = "/tmp/perf-" + std::to_string(getpid()) + ".map";
    write_contents(map, "7f0000001000 40 older\n7f0000011000 40 stub\n");
    const Stacks stacks = filled(self_);
    std::filesystem::remove(map);
    EXPECT_EQ(name_of(stacks, 0), "handler");
    EXPECT_EQ(name_of(stacks, 1), "stub");
}

TEST_F(JitDumpFilesTest, ThatAreNoneAreAReason) {
    const Marker marker(path(), "not a jitdump");
    EXPECT_EQ(name_of(filled(self_), 0), "(" + std::string(text_of(Miss::kMalformed)) + ")");
}

TEST_F(JitDumpFilesTest, StayWhenTheirProcessAndTheirNameAreGone) {
    const Marker marker(path(), jitdump_of("handler"));
    Child child;
    const Pid pid = child.pid();
    JitDumpFiles files;
    files.note(pid, marker.mapping(pid));
    std::filesystem::remove(marker.path());
    child.end();
    std::map<Pid, Fd> kept;
    kept.emplace(pid, files.file_of(pid));
    EXPECT_EQ(name_of(filled(pid, std::move(kept)), 0), "handler");
}

// The way from a process's mappings to the capture, as a session goes it.
TEST_F(JitDumpFilesTest, ReachACaptureAndAreNoModules) {
    const Marker marker(path(), jitdump_of("handler"));
    collector().on(Stack().with_copy(own_).taken);
    finish();
    collector().on(Stack().with_frames({kCode + 16}).taken);
    for (std::size_t i = 1; i < collector().modules().count(); ++i)
        EXPECT_NE(collector().modules().at(static_cast<ModuleNumber>(i)).path, marker.path());
    const StackCapture capture = capture_stacks(collector(), kStart);
    ASSERT_TRUE(capture.jitdumps.contains(self_));
    EXPECT_EQ(contents_of(capture.jitdumps.at(self_)), jitdump_of("handler"));
}

TEST_F(JitDumpFilesTest, OfAnotherUserAreNotBelieved) {
    if (getuid() != 0) GTEST_SKIP() << "only root can make a file of another user";
    const Marker marker(path(), jitdump_of("handler"));
    ASSERT_EQ(chown(path().c_str(), 12'345, 12'345), 0);
    JitDumpFiles files;
    files.note(self_, marker.mapping(self_));
    EXPECT_FALSE(files.file_of(self_).valid());
    EXPECT_FALSE(find_jitdump(self_).valid());
    const Child child(12'345);
    files.note(child.pid(), marker.mapping(child.pid()));
    EXPECT_TRUE(files.file_of(child.pid()).valid()) << "it is that user's own";
    EXPECT_TRUE(find_jitdump(child.pid()).valid());
}

TEST_F(JitDumpFilesTest, OfRootAreBelieved) {
    if (getuid() != 0) GTEST_SKIP() << "only root can start a process of another user";
    const Marker marker(path(), jitdump_of("handler"));
    const Child child(12'345);
    EXPECT_TRUE(find_jitdump(child.pid()).valid());
}

// Whose it should be, nobody can tell any more.
TEST_F(JitDumpFilesTest, OfProcessesThatHaveEndedAreNotTakenAnew) {
    const Marker marker(path(), jitdump_of("handler"));
    Child child;
    const Pid pid = child.pid();
    const ExecutableMapping mapping = marker.mapping(pid);
    child.end();
    JitDumpFiles files;
    files.note(pid, mapping);
    EXPECT_FALSE(files.file_of(pid).valid());
    EXPECT_FALSE(find_jitdump(pid).valid());
}

TEST_F(JitDumpFilesTest, AreReplacedByWhatTheProcessMapsLater) {
    JitDumpFiles files;
    const Marker first(path(), jitdump_of("first"));
    files.note(self_, first.mapping(self_));
    const Marker second(scratch_.file("jit-813.dump"), jitdump_of("second"));
    files.note(self_, second.mapping(self_));
    EXPECT_EQ(contents_of(files.file_of(self_)), jitdump_of("second"));
}

TEST_F(JitDumpFilesTest, AreBounded) {
    const Marker marker(path(), jitdump_of("handler"));
    const Child first;
    const Child second;
    const Child third;
    JitDumpFiles files(2);
    for (const Child* child : {&first, &second, &third}) files.note(child->pid(), marker.mapping(child->pid()));
    EXPECT_FALSE(files.file_of(first.pid()).valid());
    EXPECT_TRUE(files.file_of(second.pid()).valid());
    EXPECT_TRUE(files.file_of(third.pid()).valid());
}

// Anybody may put a file into /tmp.
TEST_F(JitDumpFilesTest, APerfMapOfAnotherUserIsNotBelievedEither) {
    if (getuid() != 0) GTEST_SKIP() << "only root can make a file of another user";
    const std::string map = "/tmp/perf-" + std::to_string(getpid()) + ".map";
    write_contents(map, "7f0000001000 40 planted\n");
    ASSERT_EQ(chown(map.c_str(), 12'345, 12'345), 0);
    const Stacks stacks = filled(self_);
    std::filesystem::remove(map);
    EXPECT_EQ(name_of(stacks, 0), "(" + std::string(text_of(Miss::kForeignMap)) + ")");
}

}  // namespace
}  // namespace footfall
