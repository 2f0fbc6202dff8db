#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "agent/base/fd.h"
#include "output/http/accept.h"
#include "output/http/gzip.h"
#include "output/http/http_server.h"

namespace footfall {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

Fd connect_to(std::uint16_t port) {
    Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return {};
    return fd;
}

std::string read_until_closed(int fd) {
    std::string out;
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(fd, piece, sizeof(piece), 0)) > 0;) out.append(piece, static_cast<std::size_t>(got));
    return out;
}

std::string ask(std::uint16_t port, const std::string& request) {
    const Fd fd = connect_to(port);
    if (!fd.valid()) return "no connection";
    ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL);
    return read_until_closed(fd.get());
}

std::string request_of(const std::string& method, const std::string& path, const std::string& headers = {}) {
    return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n";
}

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

std::string gunzipped(const std::string& bytes) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, MAX_WBITS + 16), Z_OK);
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

class Server : public testing::Test {
protected:
    void SetUp() override {
        auto started = HttpServer::start(
            options, {{"/metrics", "Metrics",
                       [this](const HttpRequest&) {
                           ++calls;
                           return HttpResponse{.content_type = "text/x-test", .body = big};
                       }},
                      {"/-/healthy", {}, [](const HttpRequest&) { return HttpResponse{.body = "ok\n"}; }},
                      {"/echo", "<Echo>",
                       [](const HttpRequest& request) { return HttpResponse{.body = request.path + "|" + request.accept}; }},
                      {"/arguments",
                       {},
                       [](const HttpRequest& request) {
                           HttpResponse all;
                           for (const auto& [name, value] : request.arguments)
                               all.body.append("[").append(name).append("=").append(value).append("]");
                           return all;
                       }},
                      {"/slow",
                       {},
                       [this](const HttpRequest&) {
                           ++slow_ones;
                           go_on.wait(false);
                           --slow_ones;
                           return HttpResponse{.body = "at last\n"};
                       }},
                      {"/throws", {}, [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("no luck"); }}});
        ASSERT_TRUE(started) << started.error().what;
        server = std::move(*started);
    }

    std::string get(const std::string& path, const std::string& headers = {}) {
        return ask(server->port(), request_of("GET", path, headers));
    }

    HttpServerOptions options{.address = "127.0.0.1", .port = 0, .version = "9.9<>"};
    std::string big = std::string(20'000, 'm') + "\n";
    void wait_for_slow_ones(int count) {
        for (int i = 0; i < 10'000 && slow_ones != count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        EXPECT_EQ(slow_ones, count);
    }
    void let_slow_ones_go_on() {
        go_on = true;
        go_on.notify_all();
    }

    std::atomic<int> calls = 0;
    std::atomic<int> slow_ones = 0;  // handlers that have begun and not ended
    std::atomic<bool> go_on = false;
    std::unique_ptr<HttpServer> server;
};

TEST_F(Server, ServesARoute) {
    const std::string response = get("/metrics");
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(response, HasSubstr("Content-Type: text/x-test\r\n"));
    EXPECT_THAT(response, HasSubstr("Content-Length: 20001\r\n"));
    EXPECT_THAT(response, Not(HasSubstr("Content-Encoding")));
    EXPECT_EQ(body_of(response), big);
}

TEST_F(Server, TheQueryIsNotPartOfThePath) { EXPECT_EQ(body_of(get("/echo?a=b", "Accept: x/y\r\n")), "/echo|x/y"); }

TEST_F(Server, TheArgumentsOfTheQueryAreDecoded) {
    EXPECT_EQ(body_of(get("/arguments?seconds=5&name=a%20b%26c+d")), "[name=a b&c d][seconds=5]");
    EXPECT_EQ(body_of(get("/arguments?flag&empty=")), "[empty=][flag=]");
    EXPECT_EQ(body_of(get("/arguments?x=1&x=2")), "[x=1]") << "the first one counts";
    EXPECT_EQ(body_of(get("/arguments")), "");
    EXPECT_EQ(body_of(get("/arguments?")), "");
    EXPECT_THAT(get("/arguments?%zz=%&&&=&%00=%00"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Server, ASlowHandlerHoldsUpNobodyElse) {
    std::vector<std::thread> patient;
    std::atomic<int> answered = 0;
    patient.reserve(3);
    for (int i = 0; i < 3; ++i) {
        patient.emplace_back([&] { answered += body_of(get("/slow")) == "at last\n" ? 1 : 0; });
    }
    wait_for_slow_ones(3);
    EXPECT_EQ(body_of(get("/-/healthy")), "ok\n");
    EXPECT_EQ(slow_ones, 3) << "they still run";
    let_slow_ones_go_on();
    for (std::thread& thread : patient) thread.join();
    EXPECT_EQ(answered, 3);
}

TEST_F(Server, AHandlerThatRunsIsWaitedForWhenTheServerStops) {
    const Fd client = connect_to(server->port());
    const std::string request = request_of("GET", "/slow");
    ::send(client.get(), request.data(), request.size(), MSG_NOSIGNAL);
    wait_for_slow_ones(1);
    std::thread stopping([&] { server.reset(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    let_slow_ones_go_on();
    stopping.join();
    EXPECT_EQ(slow_ones, 0);
}

TEST_F(Server, CompressesForWhoTakesIt) {
    const std::string response = get("/metrics", "Accept-Encoding: br, gzip\r\n");
    EXPECT_THAT(response, HasSubstr("Content-Encoding: gzip\r\n"));
    EXPECT_LT(response.size(), 1'000U);
    EXPECT_EQ(gunzipped(body_of(response)), big);
    EXPECT_EQ(body_of(get("/metrics", "Accept-Encoding: gzip;q=0\r\n")), big);
    EXPECT_EQ(body_of(get("/-/healthy", "Accept-Encoding: gzip\r\n")), "ok\n") << "too small to be worth it";
}

TEST_F(Server, HeadHasTheHeadersAndNoBody) {
    const std::string response = ask(server->port(), request_of("HEAD", "/metrics"));
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 "));
    EXPECT_THAT(response, HasSubstr("Content-Length: 20001\r\n"));
    EXPECT_EQ(body_of(response), "");
}

TEST_F(Server, WhatIsNotThereIs404) {
    EXPECT_THAT(get("/nothing"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/metrics/"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/../etc/passwd"), StartsWith("HTTP/1.1 404 "));
}

TEST_F(Server, OtherMethodsAre405) {
    const std::string post = ask(server->port(), request_of("POST", "/metrics", "Content-Length: 3\r\n") + "abc");
    EXPECT_THAT(post, StartsWith("HTTP/1.1 405 "));
    EXPECT_THAT(post, HasSubstr("Allow: GET, HEAD\r\n"));
    EXPECT_THAT(ask(server->port(), request_of("DELETE", "/metrics")), StartsWith("HTTP/1.1 405 "));
    EXPECT_EQ(calls, 0);
}

TEST_F(Server, AHandlerThatThrowsIs500AndTheServerLivesOn) {
    EXPECT_THAT(get("/throws"), StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(get("/-/healthy"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Server, TheLandingPageLinksWhatHasATitle) {
    const std::string page = get("/");
    EXPECT_THAT(page, HasSubstr("Content-Type: text/html; charset=utf-8\r\n"));
    EXPECT_THAT(page, HasSubstr("<a href=\"/metrics\">Metrics</a>"));
    EXPECT_THAT(page, HasSubstr("&lt;Echo&gt;"));
    EXPECT_THAT(page, HasSubstr("9.9&lt;&gt;"));
    EXPECT_THAT(page, Not(HasSubstr("/-/healthy")));
}

TEST_F(Server, AHeadThatNeverEndsIsRefused) {
    const Fd fd = connect_to(server->port());
    const std::string start = "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ";
    ::send(fd.get(), start.data(), start.size(), MSG_NOSIGNAL);
    const std::string more(1 << 16, 'x');
    ::send(fd.get(), more.data(), more.size(), MSG_NOSIGNAL);
    const std::string response = read_until_closed(fd.get());
    EXPECT_TRUE(response.empty() || response.starts_with("HTTP/1.1 4")) << response;
    EXPECT_THAT(get("/-/healthy"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Server, GarbageDoesNotHurt) {
    ask(server->port(), std::string("\x16\x03\x01\x02\x01garbage\r\n\r\n"));
    ask(server->port(), "GET\r\n\r\n");
    EXPECT_THAT(get("/-/healthy"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(Server, ManyClientsAtOnceAreAllServed) {
    std::vector<std::thread> clients;
    clients.reserve(8);
    std::atomic<int> served = 0;
    for (int i = 0; i < 8; ++i) {
        clients.emplace_back([&] {
            for (int n = 0; n < 20; ++n) served += body_of(get("/metrics")) == big ? 1 : 0;
        });
    }
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(served, 160);
}

TEST_F(Server, StoppingClosesThePortAndOpenConnections) {
    const std::uint16_t port = server->port();
    const Fd idle = connect_to(port);
    ASSERT_TRUE(idle.valid());
    server.reset();
    EXPECT_EQ(read_until_closed(idle.get()), "");
    EXPECT_FALSE(connect_to(port).valid());

    options.port = port;
    EXPECT_TRUE(HttpServer::start(options, {})) << "the port is free again";
}

TEST_F(Server, AnIdleConnectionIsClosedAndTheNumberOfThemIsLimited) {
    HttpServerOptions strict{.port = 0, .max_connections = 2, .idle_timeout_seconds = 1};
    const auto limited = HttpServer::start(strict, {});
    ASSERT_TRUE(limited);
    const std::uint16_t port = (*limited)->port();
    const Fd first = connect_to(port);
    const Fd second = connect_to(port);
    EXPECT_EQ(read_until_closed(first.get()), "");
    EXPECT_EQ(read_until_closed(second.get()), "");
    // Their room is free when the server has cleaned up behind them, which is a little later.
    std::string answer;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (answer.empty() && std::chrono::steady_clock::now() < deadline) answer = ask(port, request_of("GET", "/"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
}

TEST_F(Server, APortThatIsTakenIsAnErrorWithTheReason) {
    options.port = server->port();
    const auto second = HttpServer::start(options, {});
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().what, HasSubstr("Address already in use"));
    EXPECT_THAT(second.error().what, HasSubstr(std::to_string(options.port)));
}

TEST(ServerAddress, OnlyLoopbackUnlessInsecureIsSaid) {
    for (const char* address : {"0.0.0.0", "::", "192.0.2.1", "::ffff:127.0.0.1"}) {
        const auto refused = HttpServer::start({.address = address, .port = 0}, {});
        ASSERT_FALSE(refused) << address;
        EXPECT_EQ(refused.error().exit_code, ExitCode::kBadConfig);
        EXPECT_THAT(refused.error().fix, HasSubstr("--web.insecure"));
    }
    for (const char* address : {"127.0.0.1", "127.8.8.8", "localhost"}) {
        EXPECT_TRUE(HttpServer::start({.address = address, .port = 0}, {})) << address;
    }
}

TEST(ServerAddress, WhatCannotBeBoundIsAnErrorWithTheReason) {
    const auto nonsense = HttpServer::start({.address = "not-an-address", .port = 0}, {});
    ASSERT_FALSE(nonsense);
    EXPECT_EQ(nonsense.error().exit_code, ExitCode::kBadConfig);
    const auto elsewhere = HttpServer::start({.address = "192.0.2.1", .port = 0, .insecure = true}, {});
    ASSERT_FALSE(elsewhere);
    EXPECT_THAT(elsewhere.error().what, HasSubstr("Cannot assign requested address"));
}

TEST(Accept, ReadsWeightsAndParameters) {
    const auto items = parse_accept("a/b;q=0.5, C/D;version=\"1,0\" ; x=y, ,e/f;q=2, g/h;q=0");
    ASSERT_EQ(items.size(), 3U);
    EXPECT_EQ(items[0].value, "c/d");
    EXPECT_EQ(items[0].parameter("version"), "1,0");
    EXPECT_EQ(items[0].parameter("x"), "y");
    EXPECT_EQ(items[1].value, "a/b");
    EXPECT_EQ(items[2].weight, 0);
}

TEST(Accept, GzipIsForWhoNamesItOrTakesAll) {
    for (const char* yes : {"gzip", "GZIP", "br, gzip;q=0.1", "*", "identity;q=0.5, *;q=0.1"})
        EXPECT_TRUE(accepts_gzip(yes)) << yes;
    for (const char* no : {"", "identity", "gzip;q=0", "gzip;q=0, *", "*;q=0", "x-gzip-not"})
        EXPECT_FALSE(accepts_gzip(no)) << no;
}

TEST(Gzip, ReadsBackAlsoWhatDoesNotShrink) {
    std::string noise;
    for (unsigned i = 0, state = 1; i < 100'000; ++i)
        noise += static_cast<char>((state = state * 1'103'515'245 + 12'345) >> 16);
    for (const std::string& bytes : {std::string{}, std::string("x"), noise}) {
        const auto compressed = gzip(bytes);
        ASSERT_TRUE(compressed);
        EXPECT_EQ(gunzipped(*compressed), bytes);
    }
}

}  // namespace
}  // namespace footfall
