// What real programs said to each other, recorded between them: the seeds of the fuzz target, in its format
// (tests/fuzz/connection_life.h), played as one connection of the server.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

void play(const std::string& name, Wire& wire) {
    std::ifstream file(std::string(FOOTFALL_HTTP2_CAPTURES) + "/" + name, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    ASSERT_FALSE(text.empty()) << name;
    for (std::size_t at = 0; at + 3 <= text.size();) {
        const auto byte = [&](std::size_t offset) { return static_cast<std::uint8_t>(text[at + offset]); };
        const std::size_t length = byte(1) + byte(2) * std::size_t{256};
        const std::string_view bytes = std::string_view(text).substr(at + 3, length);
        (byte(0) & 8) != 0 ? wire.sent(bytes) : wire.received(bytes);
        at += 3 + length;
    }
}

std::size_t count(const Wire& wire, std::string_view use) {
    const Uses uses = wire.uses();
    return static_cast<std::size_t>(std::count(uses.begin(), uses.end(), use));
}

TEST(Captured, h2load_and_nghttpd) {
    Wire wire;
    play("h2load_nghttpd", wire);
    EXPECT_EQ(wire.uses(), Uses(40, "GET /hello.txt 200"));
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Captured, curl_and_nghttpd) {
    Wire wire;
    play("curl_nghttpd", wire);
    EXPECT_EQ(wire.uses(), Uses{"GET /hello.txt 200"});
}

TEST(Captured, grpc_calls_two_rounds_of_each) {
    Wire wire;
    play("grpc_calls", wire);
    for (const std::string_view use : {"Unary ok", "Unary NOT_FOUND", "Feed ok", "Gather ok", "Chat ok"}) {
        EXPECT_EQ(count(wire, "footfall.test.Calls/" + std::string(use)), 2U) << use;
    }
    EXPECT_EQ(wire.uses().size(), 14U);
    EXPECT_EQ(wire.last().kind, Kind::kGrpc);
    EXPECT_TRUE(wire.all_accounted());
}

}  // namespace
}  // namespace footfall::http2
