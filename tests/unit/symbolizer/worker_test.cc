#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "symbolizer/debuginfod/debuginfod_fetch.h"
#include "symbolizer/worker/sandbox.h"
#include "symbolizer/worker/symbolizer_worker.h"
#include "tests/unit/symbolizer/own_worker.h"
#include "tests/unit/symbolizer/programs.h"

namespace footfall {
namespace {

using std::chrono::milliseconds;

constexpr const char* kLibc = "/lib/x86_64-linux-gnu/libc.so.6";

// Stands for a reader with a fault: does what the first word of its file says.
Miss misbehave(int elf, int out) {
    std::array<char, 64> text{};
    const ssize_t count = pread(elf, text.data(), text.size() - 1, 0);
    const std::string wish(text.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (wish == "crash") {
        int* volatile nowhere = nullptr;
        *nowhere = 1;  // NOLINT: that is the point
    }
    if (wish == "sleep") {
        for (volatile bool for_ever = true; for_ever;) continue;
    }
    if (wish == "allocate") {
        for (std::size_t size = 1 << 20;; size += size) std::memset(new char[size], 1, size);
    }
    if (wish == "open") return open("/etc/passwd", O_RDONLY) >= 0 ? Miss::kNone : Miss::kNoPermission;
    if (wish == "connect") return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? Miss::kNone : Miss::kNoPermission;
    if (wish == "signal") return kill(getppid(), 0) == 0 ? Miss::kNone : Miss::kNoPermission;
    if (wish == "miss") return Miss::kMalformed;
    return write(out, "table", 5) == 5 ? Miss::kNone : Miss::kMalformed;
}

class SymbolizerWorker : public testing::Test {
protected:
    Fd wish(const std::string& text) {
        const std::string path = scratch_.file(text);
        write_contents(path, text);
        return open_file(path);
    }
    Miss ask_for(SymbolizerClient& client, const std::string& text) {
        const Fd elf = wish(text);
        const Fd out(open(scratch_.file("out").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        return client.build_unwind_table(elf.get(), out.get());
    }
    static std::uint64_t address_of_malloc(const std::string& path) {
        for (const std::string& line : lines_of(output_of("nm -D " + path))) {
            if (line.find(" malloc@") != std::string::npos) return std::stoull(line, nullptr, 16);
        }
        return 0;
    }

    ScratchDirectory scratch_;
};

TEST_F(SymbolizerWorker, NamesAFunctionOfTheCLibrary) {
    const Fd libc = open_file(kLibc);
    const std::uint64_t malloc_at = address_of_malloc(kLibc);
    if (!libc.valid() || malloc_at == 0) GTEST_SKIP() << "no " << kLibc << " or no nm";
    SymbolizerClient client(own_worker());
    const std::array<std::uint64_t, 2> addresses{malloc_at + 3, 0xffffffffffff};
    const auto names = client.symbols({libc.get()}, addresses, Detail::kNames);
    ASSERT_EQ(names.size(), 2);
    ASSERT_EQ(names[0].lines.size(), 1);
    EXPECT_EQ(names[0].lines[0].function, "malloc");
    EXPECT_EQ(names[0].offset_in_function, 3);
    EXPECT_EQ(names[0].miss, Miss::kNone);
    EXPECT_TRUE(names[1].lines.empty());
    EXPECT_EQ(names[1].miss, Miss::kOutsideOfSymbols);
}

TEST_F(SymbolizerWorker, AnswersInTheOrderOfTheQuestionHoweverManyAddresses) {
    const Fd self = open_file("/proc/self/exe");
    const auto known = addresses_in(std::filesystem::read_symlink("/proc/self/exe").string());
    if (known.empty()) GTEST_SKIP() << "no nm";
    const std::uint64_t main_at = known.at("main");
    std::vector<std::uint64_t> addresses(40'000, 1);
    addresses.front() = addresses[20'000] = addresses.back() = main_at;
    SymbolizerClient client(own_worker());
    const auto names = client.symbols({self.get()}, addresses, Detail::kNames);
    ASSERT_EQ(names.size(), addresses.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_main = addresses[i] == main_at;
        ASSERT_EQ(names[i].lines.size(), is_main ? 1 : 0) << i;
        if (!is_main) continue;
        ASSERT_EQ(names[i].lines[0].function, "main") << i;
    }
}

TEST_F(SymbolizerWorker, DescribesAFile) {
    const Fd libc = open_file(kLibc);
    if (!libc.valid()) GTEST_SKIP() << "no " << kLibc;
    SymbolizerClient client(own_worker());
    const auto description = client.describe(libc.get());
    ASSERT_TRUE(description);
    EXPECT_EQ(description->build_id.size(), 40);
    ASSERT_EQ(description->code.size(), 1);
    const CodeSegment& code = description->code[0];
    EXPECT_EQ(address_of_offset(*description, code.file_offset + 5), code.address + 5);
    EXPECT_EQ(address_of_offset(*description, code.file_offset + code.size), std::nullopt);
}

TEST_F(SymbolizerWorker, SaysWhyAFileHasNoNames) {
    SymbolizerClient client(own_worker());
    const Fd text = wish("not a program");
    const std::array<std::uint64_t, 1> address{0x1000};
    EXPECT_EQ(client.symbols({text.get()}, address, Detail::kLines)[0].miss, Miss::kNotElf);
    EXPECT_EQ(client.describe(text.get()).error(), Miss::kNotElf);
}

TEST_F(SymbolizerWorker, PicksFunctionsByTheSourceFilesOfASeparateDebugFile) {
    const std::string program = build(scratch_, "inlined.cc", kInlinedSource, "-O1 -g");
    if (program.empty() || !has_tool("objcopy")) GTEST_SKIP() << "no compiler, or no objcopy";
    ASSERT_TRUE(run("objcopy --only-keep-debug " + program + " " + program + ".debug && strip " + program));
    const Fd elf = open_file(program);
    const Fd debug = open_file(program + ".debug");
    SymbolizerClient client(own_worker());
    const FunctionQuery query{.most = 100, .sources = {"inlined.cc"}};
    const auto answer = client.functions({elf.get(), debug.get()}, query);
    ASSERT_TRUE(answer) << text_of(answer.error());
    EXPECT_EQ(answer->matched, 2U) << "outer and main; what is inlined has no code of its own";
    EXPECT_FALSE(answer->no_sources);
    const auto without = client.functions({elf.get()}, query);
    EXPECT_TRUE(!without || without->no_sources);
    const auto by_regex = client.functions({elf.get(), debug.get()}, {.most = 100, .regexes = {"::out.r"}});
    ASSERT_TRUE(by_regex);
    ASSERT_EQ(by_regex->functions.size(), 1U);
    EXPECT_EQ(by_regex->functions[0].name, "shop::outer(int)");
}

TEST_F(SymbolizerWorker, ComputesTheChecksumOfADebugLink) {
    SymbolizerClient client(own_worker());
    const Fd file = wish("123456789");
    EXPECT_EQ(client.checksum(file.get()).value(), 0xcbf43926U);  // the check value of CRC-32
}

// Whoever is watched may put a file there that has a terabyte of nothing.
TEST_F(SymbolizerWorker, NoChecksumOfAFileThatIsLargerThanAnyDebugFile) {
    SymbolizerClient client(own_worker());
    const Fd file = wish("123456789");
    ASSERT_EQ(truncate(scratch_.file("123456789").c_str(), (off_t{2} << 30) + 1), 0);
    const auto checksum = client.checksum(file.get());
    ASSERT_FALSE(checksum);
    EXPECT_EQ(checksum.error(), Miss::kTooLarge);
    EXPECT_EQ(client.workers_lost(), 0);
}

TEST_F(SymbolizerWorker, WritesAnUnwindTableToTheFileThatItIsGiven) {
    SymbolizerClient client(own_worker());
    EXPECT_EQ(ask_for(client, "anything"), Miss::kNone);
    EXPECT_EQ(contents_of(scratch_.file("out")), "table");
    EXPECT_EQ(ask_for(client, "miss"), Miss::kMalformed);
}

TEST_F(SymbolizerWorker, AFileThatCrashesItCostsOnlyItself) {
    SymbolizerClient client(own_worker());
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    const int first = client.worker_pid();
    EXPECT_EQ(ask_for(client, "crash"), Miss::kCrashed);
    EXPECT_EQ(client.workers_lost(), 1);
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    EXPECT_NE(client.worker_pid(), first);
    EXPECT_NE(kill(first, 0), 0) << "the old worker was not reaped";
}

TEST_F(SymbolizerWorker, AFileThatCrashedItIsNotTriedAgain) {
    SymbolizerClient client(own_worker());
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    const Fd bad = wish("crash");
    const Fd out = open_file("/dev/null");
    EXPECT_EQ(client.build_unwind_table(bad.get(), out.get()), Miss::kCrashed);
    EXPECT_EQ(client.build_unwind_table(bad.get(), out.get()), Miss::kCrashed);
    EXPECT_EQ(client.workers_lost(), 1);
    // For what did not crash it, it is.
    EXPECT_TRUE(client.checksum(bad.get()));
}

TEST_F(SymbolizerWorker, AFileThatKeepsItBusyIsGivenUpAtTheDeadline) {
    SymbolizerClient client(own_worker(milliseconds(300)));
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(ask_for(client, "sleep"), Miss::kTimedOut);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(2'000));
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
}

TEST_F(SymbolizerWorker, AFileThatKeepsItBusyDoesNotTakeTheTimeOfAllOthers) {
    SymbolizerClient client(own_worker());
    TimeBudget budget(milliseconds(6'000));
    client.set_budget(&budget);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(ask_for(client, "sleep"), Miss::kNamingLate);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(4'000));
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    EXPECT_FALSE(budget.used_up());
}

TEST_F(SymbolizerWorker, ManyFilesThatKeepItBusyEndWithTheTimeOfAllTogether) {
    SymbolizerClient client(own_worker());
    TimeBudget budget(milliseconds(600));
    client.set_budget(&budget);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 200; ++i) EXPECT_EQ(ask_for(client, "sleep"), Miss::kNamingLate);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, milliseconds(5'000));
}

TEST_F(SymbolizerWorker, IsNotEvenStartedOnceTheTimeIsUsedUp) {
    SymbolizerClient client(own_worker());
    TimeBudget none(milliseconds(0));
    client.set_budget(&none);
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNamingLate);
    EXPECT_EQ(client.worker_pid(), -1);
    client.set_budget(nullptr);
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
}

// That it was short of time is not its fault.
TEST_F(SymbolizerWorker, AFileThatHadTooLittleTimeIsTriedAgain) {
    SymbolizerClient client(own_worker(milliseconds(2'000)));
    TimeBudget little(milliseconds(300));
    client.set_budget(&little);
    const Fd slow = wish("sleep");
    const Fd out = open_file("/dev/null");
    EXPECT_EQ(client.build_unwind_table(slow.get(), out.get()), Miss::kNamingLate);
    client.set_budget(nullptr);
    EXPECT_EQ(client.build_unwind_table(slow.get(), out.get()), Miss::kTimedOut);
}

TEST(TimeBudgets, CountStepsAndNotWhatIsBetween) {
    TimeBudget budget(milliseconds(10'000));
    std::this_thread::sleep_for(milliseconds(20));
    EXPECT_EQ(budget.left(), milliseconds(10'000));
    {
        const TimeBudget::Step step(&budget);
        std::this_thread::sleep_for(milliseconds(20));
    }
    EXPECT_LE(budget.left(), milliseconds(9'980));
    EXPECT_FALSE(budget.used_up());
}

TEST(TimeBudgets, MayBeAnythingThatASettingSays) {
    EXPECT_TRUE(TimeBudget(milliseconds(0)).used_up());
    EXPECT_TRUE(TimeBudget(milliseconds(-1)).used_up());
    EXPECT_GT(TimeBudget(milliseconds::max()).left(), std::chrono::hours(1));
}

TEST_F(SymbolizerWorker, AFileThatMakesItAllocateForEverEndsItAtItsLimit) {
    if (kIsSanitized) GTEST_SKIP() << "sanitizers reserve terabytes, so their builds have no limit";
    SymbolizerClient client(own_worker(milliseconds(20'000)));
    EXPECT_EQ(ask_for(client, "allocate"), Miss::kCrashed);
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
}

TEST_F(SymbolizerWorker, CanNeitherOpenNorConnectNorSignal) {
    SymbolizerClient client(own_worker());
    EXPECT_EQ(ask_for(client, "open"), Miss::kNoPermission);
    for (const char* wish : {"connect", "signal"}) EXPECT_EQ(ask_for(client, wish), Miss::kCrashed) << wish;
}

TEST_F(SymbolizerWorker, HasNoPrivilege) {
    SymbolizerClient client(own_worker());
    ASSERT_EQ(ask_for(client, "fine"), Miss::kNone);
    const std::string status = contents_of("/proc/" + std::to_string(client.worker_pid()) + "/status");
    for (const char* line : {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
                             "CapAmb:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"})
        EXPECT_NE(status.find(line), std::string::npos) << line << "\n" << status;
    if (getuid() == 0) {
        EXPECT_NE(status.find("Uid:\t65534\t65534\t65534\t65534"), std::string::npos) << status;
        EXPECT_NE(status.find("Gid:\t65534\t65534\t65534\t65534"), std::string::npos) << status;
        EXPECT_NE(status.find("Groups:\t \n"), std::string::npos) << status;
    }
}

TEST_F(SymbolizerWorker, InheritsNoFileOfTheAgent) {
    const int leaked = open("/etc/passwd", O_RDONLY);  // without close-on-exec
    SymbolizerClient client(own_worker());
    ASSERT_EQ(ask_for(client, "fine"), Miss::kNone);
    const std::string directory = "/proc/" + std::to_string(client.worker_pid()) + "/fd";
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
        EXPECT_NE(target, "/etc/passwd");
        const bool is_socket = std::stoi(entry.path().filename().string()) == kSymbolizerWorkerSocket;
        EXPECT_EQ(target.starts_with("socket:"), is_socket) << target;
    }
    close(leaked);
}

// The agent's holds secrets: tokens, passwords of proxies.
TEST_F(SymbolizerWorker, InheritsNothingOfTheEnvironment) {
    for (const char* name : {"SECRET", "LD_LIBRARY_PATH", "https_proxy", "SSL_CERT_FILE", "XSAN_OPTIONS_TOO"})
        setenv(name, "/nonexistent", 1);
    setenv("FOOTFALLSAN_OPTIONS", "1", 1);
    SymbolizerClient client(own_worker());
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    for (const char* name :
         {"SECRET", "LD_LIBRARY_PATH", "https_proxy", "SSL_CERT_FILE", "XSAN_OPTIONS_TOO", "FOOTFALLSAN_OPTIONS"})
        unsetenv(name);
    std::string variables = contents_of("/proc/" + std::to_string(client.worker_pid()) + "/environ");
    std::replace(variables.begin(), variables.end(), '\0', '\n');
    bool has_sanitizers = false;
    for (const std::string& variable : lines_of(variables)) {
        has_sanitizers |= variable == "FOOTFALLSAN_OPTIONS=1";
        const std::string name = variable.substr(0, variable.find('='));
        EXPECT_TRUE(name.ends_with("SAN_OPTIONS")) << name;
    }
    EXPECT_EQ(has_sanitizers, kIsSanitized);
}

TEST_F(SymbolizerWorker, IsStartedAgainWhenSomebodyEndedIt) {
    SymbolizerClient client(own_worker());
    ASSERT_EQ(ask_for(client, "fine"), Miss::kNone);
    kill(client.worker_pid(), SIGKILL);
    std::this_thread::sleep_for(milliseconds(50));
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNone);
    EXPECT_EQ(client.workers_lost(), 0);
}

TEST_F(SymbolizerWorker, EndsWithItsClient) {
    int worker = -1;
    {
        SymbolizerClient client(own_worker());
        ASSERT_EQ(ask_for(client, "fine"), Miss::kNone);
        worker = client.worker_pid();
    }
    EXPECT_NE(kill(worker, 0), 0);
}

// Also in the middle of work: the socket alone would not tell it.
TEST_F(SymbolizerWorker, EndsWithAnAgentThatWasKilledWhileItWorked) {
    std::array<int, 2> pipe_ends{};
    ASSERT_EQ(pipe(pipe_ends.data()), 0);
    const pid_t agent = fork();
    if (agent == 0) {
        SymbolizerClient client(own_worker(milliseconds(30'000)));
        static_cast<void>(ask_for(client, "fine"));
        const int worker = client.worker_pid();
        static_cast<void>(write(pipe_ends[1], &worker, sizeof worker));
        static_cast<void>(ask_for(client, "sleep"));
        _exit(0);
    }
    int worker = -1;
    ASSERT_EQ(read(pipe_ends[0], &worker, sizeof worker), static_cast<ssize_t>(sizeof worker));
    std::this_thread::sleep_for(milliseconds(100));
    ASSERT_EQ(kill(worker, 0), 0);
    kill(agent, SIGKILL);
    waitpid(agent, nullptr, 0);
    bool gone = false;
    for (int i = 0; i < 100 && !gone; ++i) {
        std::this_thread::sleep_for(milliseconds(20));
        const std::string status = contents_of("/proc/" + std::to_string(worker) + "/status");
        gone = status.empty() || status.find("State:\tZ") != std::string::npos;
    }
    EXPECT_TRUE(gone);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TEST_F(SymbolizerWorker, ThatCannotBeStartedIsAReason) {
    SymbolizerOptions options;
    options.command = {scratch_.file("no such program")};
    SymbolizerClient client(options);
    EXPECT_EQ(ask_for(client, "fine"), Miss::kNoWorker);
}

}  // namespace
}  // namespace footfall

// This program is its own worker and helper, as footfall is.
int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], footfall::kWorkerArgument) == 0) {
        footfall::SymbolizerWorkerOptions options;
        options.build_unwind_table = footfall::misbehave;
        return footfall::run_symbolizer_worker(footfall::kSymbolizerWorkerSocket, options);
    }
    if (argc > 2 && std::strcmp(argv[1], footfall::kFetchArgument) == 0)
        return footfall::run_debuginfod_fetch({argv + 2, argv + argc});
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
