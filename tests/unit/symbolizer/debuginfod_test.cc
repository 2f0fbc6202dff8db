// What servers are asked for, and what is kept of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/symbolizer/debuginfod_fixture.h"

namespace footfall {
namespace {

using std::chrono::milliseconds;

TEST_F(Debuginfod, FetchesTheDebugFileOfABuild) {
    ScriptedServer server(serve_build);
    DebuginfodClient client(options({server.url()}));
    const auto found = client.find(symbolizer_, kBuild);
    ASSERT_TRUE(found) << text_of(found.error());
    EXPECT_EQ(found->description.build_id, kBuild);
    EXPECT_TRUE(found->description.has_dwarf);
    EXPECT_EQ(contents_of("/proc/self/fd/" + std::to_string(found->file.get())), bytes_of(kBuild));
    EXPECT_EQ(kept(), std::set<std::string>{std::string(kBuild) + ".debug"});
}

TEST_F(Debuginfod, ServersGetTheBuildIdAndNothingAboutUs) {
    ScriptedServer server(serve_build);
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kNone);
    ASSERT_EQ(server.requests().size(), 1);
    std::set<std::string> lines;
    for (std::string line : lines_of(server.requests()[0])) {
        line = line.substr(0, line.find('\r'));
        if (!line.empty()) lines.insert(line);
    }
    const std::string host = server.url().substr(7);
    const std::set<std::string> expected{std::string("GET /buildid/") + kBuild + "/debuginfo HTTP/1.1", "Host: " + host,
                                         "User-Agent: footfall", "Accept: */*",
                                         "X-DEBUGINFOD-MAXSIZE: " + std::to_string(DebuginfodOptions{}.max_file_bytes)};
    for (const std::string& line : lines) {
        EXPECT_TRUE(line.starts_with("Accept-Encoding: ") || expected.contains(line)) << line;
    }
    EXPECT_TRUE(std::includes(lines.begin(), lines.end(), expected.begin(), expected.end()));
}

TEST_F(Debuginfod, WhatWasFetchedIsThereWithoutTheServer) {
    std::string url;
    {
        ScriptedServer server(serve_build);
        url = server.url();
        DebuginfodClient client(options({url}));
        EXPECT_EQ(miss_of(client), Miss::kNone);
    }
    DebuginfodClient later(options({url}));
    EXPECT_EQ(miss_of(later), Miss::kNone);
    EXPECT_EQ(later.questions(), 0);
    EXPECT_EQ(miss_of(later, kOther), Miss::kDebuginfodFailed);
}

TEST_F(Debuginfod, ADamagedFileInTheCacheIsFetchedAnew) {
    ScriptedServer server(serve_build);
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kNone);
    write_contents(cache_.file(std::string("debuginfod/") + kBuild + ".debug"), bytes_of(kOther));
    DebuginfodClient later(options({server.url()}));
    EXPECT_EQ(miss_of(later), Miss::kNone);
    EXPECT_EQ(later.questions(), 1);
    EXPECT_EQ(contents_of(cache_.file(std::string("debuginfod/") + kBuild + ".debug")), bytes_of(kBuild));
}

TEST_F(Debuginfod, WithoutServersNothingIsDoneAtAll) {
    ASSERT_EQ(setenv("DEBUGINFOD_URLS", "http://127.0.0.1:9", 1), 0);
    DebuginfodClient client(options({}));
    EXPECT_FALSE(client.configured());
    EXPECT_EQ(miss_of(client), Miss::kNoSuchFile);
    EXPECT_EQ(client.questions(), 0);
    EXPECT_EQ(cache_.entries(), 0);
    unsetenv("DEBUGINFOD_URLS");
}

TEST_F(Debuginfod, TheEnvironmentIsNotFollowed) {
    ScriptedServer server(serve_build);
    ScriptedServer in_environment(serve_build);
    for (const auto& [name, value] : std::map<std::string, std::string>{{"DEBUGINFOD_URLS", in_environment.url()},
                                                                        {"DEBUGINFOD_MAXSIZE", "1"},
                                                                        {"DEBUGINFOD_MAXTIME", "1"},
                                                                        {"DEBUGINFOD_CACHE_PATH", cache_.file("elsewhere")},
                                                                        {"DEBUGINFOD_PROGRESS", "1"}})
        setenv(name.c_str(), value.c_str(), 1);
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kNone);
    EXPECT_EQ(in_environment.requests().size(), 0);
    EXPECT_FALSE(std::filesystem::exists(cache_.file("elsewhere")));
    for (const char* name : {"URLS", "MAXSIZE", "MAXTIME", "CACHE_PATH", "PROGRESS"})
        unsetenv((std::string("DEBUGINFOD_") + name).c_str());
}

TEST_F(Debuginfod, ABuildThatNobodyKnowsIsAskedForOnce) {
    ScriptedServer server(serve_build);
    const std::string unknown = "abcdefabcdefabcdefabcdefabcdefabcdefabcd";
    DebuginfodClient client(options({server.url()}));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(miss_of(client, unknown), Miss::kDebuginfodAbsent);
    DebuginfodClient later(options({server.url()}));
    EXPECT_EQ(miss_of(later, unknown), Miss::kDebuginfodAbsent);
    EXPECT_EQ(server.requests().size(), 1);
    EXPECT_EQ(miss_of(later), Miss::kNone);

    auto impatient = options({server.url()});
    impatient.absent_for = std::chrono::seconds(0);
    DebuginfodClient much_later(impatient);
    EXPECT_EQ(miss_of(much_later, unknown), Miss::kDebuginfodAbsent);
    EXPECT_EQ(much_later.questions(), 1);
}

TEST_F(Debuginfod, AnotherServerIsAskedForWhatTheFirstDoesNotKnow) {
    ScriptedServer poor([](Client& client, const std::string&) { client.answer("404 Not Found", ""); });
    DebuginfodClient before(options({poor.url()}));
    EXPECT_EQ(miss_of(before), Miss::kDebuginfodAbsent);
    ScriptedServer other([](Client& client, const std::string&) { client.answer("404 Not Found", ""); });
    DebuginfodClient instead(options({other.url()}));
    EXPECT_EQ(miss_of(instead), Miss::kDebuginfodAbsent);
    EXPECT_EQ(other.requests().size(), 1) << "that one server does not know it says nothing of another";
    ScriptedServer rich(serve_build);
    DebuginfodClient client(options({poor.url(), rich.url()}));
    EXPECT_EQ(miss_of(client), Miss::kNone) << "nor of two";
}

TEST_F(Debuginfod, ADirectoryThatOthersMayWriteToIsAReasonNotToAsk) {
    ScriptedServer server(serve_build);
    std::filesystem::create_directory(cache_.file("debuginfod"));
    ASSERT_EQ(chmod(cache_.file("debuginfod").c_str(), 0777), 0);
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodNoCache);
    EXPECT_EQ(server.requests().size(), 0);
}

TEST_F(Debuginfod, AFullDiskIsAReason) {
    const TinyDisk disk("64k");
    if (!disk.mounted()) GTEST_SKIP() << "needs root";
    ScriptedServer server([](Client& client, const std::string&) { client.answer("200 OK", std::string(200'000, 'x')); });
    auto tiny = options({server.url()});
    tiny.cache_directory = disk.file("debuginfod");
    DebuginfodClient client(tiny);
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodNoCache);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(disk.file("debuginfod")), {}), 0);
}

TEST_F(Debuginfod, WhatIsNoBuildIdIsNotAskedFor) {
    ScriptedServer server(serve_build);
    DebuginfodClient client(options({server.url()}));
    for (const std::string bad :
         {"", "12ab", "../../etc/passwd", "1111111122222222/../x", "ABCDEF0123456789", "11111111 2222"})
        EXPECT_EQ(miss_of(client, bad), Miss::kNoSuchFile) << bad;
    EXPECT_EQ(server.requests().size(), 0);
}

TEST_F(Debuginfod, OneSessionAsksABoundedNumberOfTimes) {
    ScriptedServer server(serve_build);
    auto few = options({server.url()});
    few.most_questions = 2;
    DebuginfodClient client(few);
    for (int i = 0; i < 5; ++i) miss_of(client, "abcdef" + std::to_string(10'000'000 + i));
    EXPECT_EQ(server.requests().size(), 2);
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodLate);
}

TEST_F(Debuginfod, TheCacheIsBounded) {
    ScriptedServer server(serve_build);
    auto small = options({server.url()});
    small.cache_bytes = bytes_of(kOther).size() + 100;
    DebuginfodClient client(small);
    EXPECT_EQ(miss_of(client), Miss::kNone);
    const std::array<timespec, 2> long_ago{timespec{1'000'000'000, 0}, timespec{1'000'000'000, 0}};
    utimensat(AT_FDCWD, cache_.file(std::string("debuginfod/") + kBuild + ".debug").c_str(), long_ago.data(), 0);
    EXPECT_EQ(miss_of(client, kOther), Miss::kNone);
    EXPECT_EQ(kept(), std::set<std::string>{std::string(kOther) + ".debug"});
}

TEST_F(Debuginfod, WhatAKilledAgentLeftIsRemoved) {
    std::filesystem::create_directories(cache_.file("debuginfod/fetch-abcdef/1234"));
    std::filesystem::create_directories(cache_.file("debuginfod/fetch-young"));
    const std::array<timespec, 2> long_ago{timespec{1'000'000'000, 0}, timespec{1'000'000'000, 0}};
    utimensat(AT_FDCWD, cache_.file("debuginfod/fetch-abcdef").c_str(), long_ago.data(), 0);
    const DebuginfodClient client(options({"http://127.0.0.1:9"}));
    EXPECT_EQ(kept(), std::set<std::string>{"fetch-young"}) << "another agent may be at it";
}

// The documented protocol is one thing, the server that distributions run another.
TEST_F(Debuginfod, FetchesFromTheRealServer) {
    if (!has_tool("debuginfod")) GTEST_SKIP() << "no debuginfod";
    const ScratchDirectory served;
    write_contents(served.file("shop.debug"), bytes_of(kBuild));
    std::string port;
    {
        const ScriptedServer free(serve_build);
        port = free.url().substr(free.url().rfind(':') + 1);
    }
    std::vector<std::string> words{"debuginfod", "-p", port, "-d", ":memory:", "-t", "0", "-g", "0", "-F", served.path()};
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    for (const int fd : {1, 2}) posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_WRONLY, 0);
    pid_t pid = -1;
    ASSERT_EQ(posix_spawnp(&pid, "debuginfod", &quiet, nullptr, arguments.data(), environ), 0);
    posix_spawn_file_actions_destroy(&quiet);
    auto settings = options({"http://127.0.0.1:" + port});
    settings.absent_for = std::chrono::seconds(0);
    Miss miss = Miss::kDebuginfodFailed;
    for (int i = 0; i < 100 && miss != Miss::kNone; ++i) {
        if (i > 0) std::this_thread::sleep_for(milliseconds(100));  // until it has read its files
        DebuginfodClient client(settings);
        miss = miss_of(client);
    }
    EXPECT_EQ(miss, Miss::kNone) << text_of(miss);
    DebuginfodClient client(settings);
    EXPECT_EQ(miss_of(client, kOther), Miss::kDebuginfodAbsent);
    auto small = settings;
    small.max_file_bytes = 1'000;
    small.cache_directory = cache_.file("another");
    DebuginfodClient modest(small);
    EXPECT_EQ(miss_of(modest), Miss::kDebuginfodTooLarge);
    kill(pid, SIGTERM);
    waitpid(pid, nullptr, 0);
}

}  // namespace
}  // namespace footfall
