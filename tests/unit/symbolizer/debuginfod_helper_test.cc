// The helper process that fetches: what it is told, what it may do, and what becomes of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "symbolizer/debuginfod/debuginfod_fetch.h"
#include "symbolizer/worker/sandbox.h"
#include "tests/unit/symbolizer/debuginfod_fixture.h"

namespace footfall {
namespace {

using std::chrono::milliseconds;

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
