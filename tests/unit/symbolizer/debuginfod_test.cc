#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

#include "symbolizer/debuginfod/debuginfod_client.h"
#include "symbolizer/debuginfod/debuginfod_fetch.h"
#include "symbolizer/worker/sandbox.h"
#include "tests/unit/symbolizer/own_worker.h"
#include "tests/unit/symbolizer/programs.h"
#include "tests/unit/symbolizer/scripted_server.h"

namespace footfall {
namespace {

using std::chrono::milliseconds;
using Client = ScriptedServer::Client;

constexpr const char* kBuild = "1111111122222222333333334444444455555555";
constexpr const char* kOther = "9999999988888888777777776666666655555555";

// Programs with debug information, of these builds. Empty where no compiler is there.
class Debuginfod : public testing::Test {
protected:
    static const std::string& bytes_of(const std::string& build_id) {
        static const ScratchDirectory kDirectory;
        static std::map<std::string, std::string> made;
        if (!made.contains(build_id)) {
            const std::string path =
                build(kDirectory, "p" + build_id.substr(0, 4) + ".cc", kInlinedSource, "-g -Wl,--build-id=0x" + build_id);
            made[build_id] = path.empty() ? "" : contents_of(path);
        }
        return made[build_id];
    }
    void SetUp() override {
        if (bytes_of(kBuild).empty() || bytes_of(kOther).empty()) GTEST_SKIP() << "no compiler";
        if (!has_library()) GTEST_SKIP() << "no libdebuginfod";
    }
    static bool has_library() {
        return run("ldconfig -p | grep -q libdebuginfod.so.1 || /sbin/ldconfig -p | grep -q libdebuginfod.so.1");
    }

    [[nodiscard]] DebuginfodOptions options(std::vector<std::string> urls) const {
        DebuginfodOptions options;
        options.urls = std::move(urls);
        options.cache_directory = cache_.file("debuginfod");
        options.command = {"/proc/self/exe", kFetchArgument};
        return options;
    }
    Miss miss_of(DebuginfodClient& client, const std::string& build_id = kBuild) {
        const auto found = client.find(symbolizer_, build_id);
        return found ? Miss::kNone : found.error();
    }
    // The files in the cache that a client may use later; nothing else may be left there.
    std::set<std::string> kept() {
        std::set<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(cache_.file("debuginfod")))
            names.insert(entry.path().filename().string());
        return names;
    }
    static void serve_build(Client& client, const std::string& path) {
        for (const char* id : {kBuild, kOther}) {
            if (path == std::string("/buildid/") + id + "/debuginfo") return void(client.answer("200 OK", bytes_of(id)));
        }
        client.answer("404 Not Found", "not found");
    }

    ScratchDirectory cache_;
    SymbolizerClient symbolizer_{own_worker()};
};

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

// Variables of this program, until it goes out of scope.
class Variables {
public:
    explicit Variables(const std::vector<std::string>& names) {
        for (const std::string& name : names) {
            const char* value = getenv(name.c_str());
            before_[name] = value != nullptr ? std::optional<std::string>(value) : std::nullopt;
            setenv(name.c_str(), "x", 1);
        }
    }
    ~Variables() {
        for (const auto& [name, value] : before_) {
            if (value) setenv(name.c_str(), value->c_str(), 1);
            if (!value) unsetenv(name.c_str());
        }
    }
    Variables(const Variables&) = delete;
    Variables& operator=(const Variables&) = delete;

private:
    std::map<std::string, std::optional<std::string>> before_;
};

// What the way to a server takes, and nothing of what else an agent's environment may hold.
TEST_F(Debuginfod, TheHelperSeesOnlyProxiesAndCertificatesOfTheEnvironment) {
    const std::vector<std::string> handed_on{"http_proxy",  "https_proxy", "no_proxy",  "all_proxy",     "HTTP_PROXY",
                                             "HTTPS_PROXY", "NO_PROXY",    "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"};
    const Variables present(handed_on);
    const Variables kept_back({"SECRET", "LD_LIBRARY_PATH", "HOME", "XDG_CACHE_HOME", "CURL_HOME", "ftp_proxy",
                               "https_proxy_too", "SSL_KEY", "DEBUGINFOD_IMA_CERT_PATH"});
    auto settings = options({"http://127.0.0.1:9"});
    const std::string seen = cache_.file("environment");
    settings.command = {"/bin/sh", "-c", "tr '\\0' '\\n' < /proc/$$/environ > " + seen};
    DebuginfodClient client(settings);
    miss_of(client);
    std::set<std::string> expected(handed_on.begin(), handed_on.end());
    expected.insert(kFetchUrl);
    std::set<std::string> names;
    for (const std::string& line : lines_of(contents_of(seen))) {
        const std::string name = line.substr(0, line.find('='));
        if (!name.ends_with("SAN_OPTIONS")) names.insert(name);
    }
    EXPECT_EQ(names, expected);
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

TEST_F(Debuginfod, TheFileOfAnotherBuildIsRefused) {
    ScriptedServer server([](Client& client, const std::string&) { client.answer("200 OK", bytes_of(kOther)); });
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kDebugFileMismatch);
    EXPECT_EQ(kept(), std::set<std::string>{});
}

TEST_F(Debuginfod, WhatIsNoElfFileIsRefused) {
    ScriptedServer server([](Client& client, const std::string&) { client.answer("200 OK", "<html>Log in</html>"); });
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kDebugFileMismatch);
    EXPECT_EQ(kept(), std::set<std::string>{});
}

TEST_F(Debuginfod, AServerThatNeverAnswersCostsItsSilenceOnce) {
    ScriptedServer server([](Client& client, const std::string&) { client.say_nothing(); });
    auto quick = options({server.url()});
    quick.silence = milliseconds(500);
    DebuginfodClient client(quick);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodSilent);
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(miss_of(client, "abcdef" + std::to_string(10'000'000 + i)), Miss::kDebuginfodSilent);
    EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2'500));
    EXPECT_EQ(server.requests().size(), 1);
    EXPECT_EQ(kept(), std::set<std::string>{}) << "not asked is not unknown";
}

TEST_F(Debuginfod, AServerThatDoesNotAnswerDoesNotStandInTheWayOfTheNext) {
    ScriptedServer silent([](Client& client, const std::string&) { client.say_nothing(); });
    ScriptedServer good(serve_build);
    auto quick = options({silent.url(), good.url()});
    quick.silence = milliseconds(300);
    DebuginfodClient client(quick);
    EXPECT_EQ(miss_of(client), Miss::kNone);
    EXPECT_EQ(miss_of(client, kOther), Miss::kNone);
    EXPECT_EQ(silent.requests().size(), 1);
}

TEST_F(Debuginfod, AServerThatGivesByteByByteEndsWithOurPatience) {
    ScriptedServer server([](Client& client, const std::string&) {
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while (client.send("x")) std::this_thread::sleep_for(milliseconds(50));
    });
    auto impatient = options({server.url()});
    impatient.patience = milliseconds(1'200);
    impatient.silence = milliseconds(900);
    DebuginfodClient client(impatient);
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodLate);
    EXPECT_EQ(miss_of(client, kOther), Miss::kDebuginfodLate);
    EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(4'000));
    EXPECT_EQ(client.questions(), 1);
    EXPECT_EQ(kept(), std::set<std::string>{});
}

TEST_F(Debuginfod, AServerThatFallsSilentInTheMiddleIsGivenUp) {
    ScriptedServer server([](Client& client, const std::string&) {
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegin");
        client.say_nothing();
    });
    auto quick = options({server.url()});
    quick.silence = milliseconds(500);
    DebuginfodClient client(quick);
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodSilent);
}

TEST_F(Debuginfod, AFileThatSaysThatItIsTooLargeIsNotFetched) {
    ScriptedServer server([](Client& client, const std::string&) {
        if (client.send("HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\nbegin")) client.say_nothing();
    });
    DebuginfodClient client(options({server.url()}));
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodTooLarge);
    EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(3'000));
    EXPECT_EQ(kept(), std::set<std::string>{});
}

TEST_F(Debuginfod, AFileThatNeverEndsIsCutOffAtTheLimit) {
    ScriptedServer server([](Client& client, const std::string&) {
        const std::string block(1 << 16, 'x');
        client.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while (client.send(block)) continue;
    });
    auto small = options({server.url()});
    small.max_file_bytes = 1 << 20;
    DebuginfodClient client(small);
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodTooLarge);
    EXPECT_EQ(kept(), std::set<std::string>{});
}

TEST_F(Debuginfod, ATransferThatBreaksOffIsNotAFileThatNobodyHas) {
    ScriptedServer server([](Client& client, const std::string&) {
        client.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes_of(kBuild).substr(0, 5'000));
    });
    DebuginfodClient client(options({server.url()}));
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodFailed);
    EXPECT_EQ(kept(), std::set<std::string>{});
}

TEST_F(Debuginfod, AServerThatCannotBeReachedIsTriedOnce) {
    std::string url;
    {
        const ScriptedServer gone(serve_build);
        url = gone.url();
    }
    DebuginfodClient client(options({url}));
    EXPECT_EQ(miss_of(client), Miss::kDebuginfodFailed);
    EXPECT_EQ(miss_of(client, kOther), Miss::kDebuginfodFailed);
    EXPECT_EQ(client.questions(), 1);
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

TEST_F(Debuginfod, AHelperThatCannotStartOrEndsIsAReason) {
    ScriptedServer server(serve_build);
    for (const char* command : {"/nonexistent", "/bin/false"}) {
        auto helpless = options({server.url()});
        helpless.command = {command};
        DebuginfodClient client(helpless);
        EXPECT_EQ(miss_of(client), Miss::kDebuginfodNoHelper) << command;
        EXPECT_EQ(miss_of(client, kOther), Miss::kDebuginfodNoHelper) << command;
    }
    auto crashing = options({server.url()});
    crashing.command = {"/bin/sh", "-c", "kill -SEGV $$"};
    DebuginfodClient unlucky(crashing);
    EXPECT_EQ(miss_of(unlucky), Miss::kDebuginfodNoHelper);
    auto lying = options({server.url()});
    lying.command = {"/bin/true"};
    DebuginfodClient client(lying);
    EXPECT_EQ(miss_of(client), Miss::kDebugFileMismatch) << "it says that it has written a file";
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

TEST(FetchOrders, ArriveAsTheyWereGiven) {
    const FetchOrder order{kBuild, 1 << 20, milliseconds(1'234), milliseconds(500)};
    const auto read = order_of(arguments_of(order));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->build_id, order.build_id);
    EXPECT_EQ(read->max_bytes, order.max_bytes);
    EXPECT_EQ(read->time, order.time);
    EXPECT_EQ(read->silence, order.silence);
    for (const std::vector<std::string>& bad : {std::vector<std::string>{},
                                                {kBuild, "1", "1"},
                                                {kBuild, "x", "1", "1"},
                                                {kBuild, "1", "0", "1"},
                                                {kBuild, "1", "-1", "1"}})
        EXPECT_FALSE(order_of(bad));
}

// What the helper may do once it is in its sandbox, as bits of a child's exit code.
int rights_in_sandbox(const std::string& large_file) {
    constexpr std::uint64_t kLimit = 4096;
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const Fd file(open(large_file.c_str(), O_WRONLY | O_CREAT, 0600));
        if (!enter_network_sandbox(std::size_t{1} << 30, kLimit)) _exit(128);
        int rights = 0;
        if (getuid() == 0 || geteuid() == 0 || getgroups(0, nullptr) > 0) rights |= 1;
        const pid_t grandchild = fork();
        if (grandchild == 0) _exit(0);
        if (grandchild > 0) rights |= 2;
        char* const arguments[] = {const_cast<char*>("true"), nullptr};
        if (const int spawned = posix_spawn(nullptr, "/bin/true", nullptr, nullptr, arguments, environ); spawned == 0)
            rights |= 4;
        if (kill(getppid(), 0) == 0) rights |= 8;
        if (open("/etc/shadow", O_RDONLY) >= 0) rights |= 16;
        const std::string bytes(2 * kLimit, 'x');
        if (write(file.get(), bytes.data(), bytes.size()) > static_cast<ssize_t>(kLimit)) rights |= 32;
        if (socket(AF_INET, SOCK_STREAM, 0) >= 0) rights |= 64;
        _exit(rights);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(NetworkSandbox, HasTheNetworkAndLittleElse) {
    if (getuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    const ScratchDirectory scratch;
    EXPECT_EQ(rights_in_sandbox(scratch.file("large")), 64);
}

}  // namespace
}  // namespace footfall
