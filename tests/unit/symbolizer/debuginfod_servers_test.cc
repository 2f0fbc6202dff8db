// Servers that give something else than what they were asked for, or nothing, or no end of it.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "tests/unit/symbolizer/debuginfod_fixture.h"

namespace footfall {
namespace {

using std::chrono::milliseconds;

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

}  // namespace
}  // namespace footfall
