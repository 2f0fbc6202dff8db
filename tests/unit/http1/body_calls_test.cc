// Exchanges that are named by what the body of their request calls, too.
#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

std::string post(std::string_view target, std::string_view body) {
    return "POST " + std::string(target) + " HTTP/1.1\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

constexpr std::string_view kGraphql = R"({"query":"query Orders { orders { id } }"})";

TEST(Http1Calls, AreNamedByTheBodyOfTheirRequestAlone) {
    Wire wire;
    wire.received(post("/graphql", kGraphql) + get("/a") + post("/b", "{}"));
    for (int i = 0; i < 3; ++i) wire.sent(ok("hi"));
    EXPECT_EQ(wire.uses(), (Uses{"POST /graphql query Orders 200", "GET /a 200", "POST /b 200"}));
}

TEST(Http1Calls, ABodyMayComeInPieces) {
    Wire wire;
    wire.one_by_one(kIn, post("/graphql", kGraphql));
    wire.sent(ok("hi"));
    const std::string whole(kGraphql);
    wire.received("POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n" + whole + "\r\n0\r\n\r\n");
    wire.sent(ok("hi"));
    EXPECT_EQ(wire.uses(), (Uses{"POST /graphql query Orders 200", "POST /graphql query Orders 200"}));
}

TEST(Http1Calls, ABodyMayComeInManyChunks) {
    for (std::size_t size = 1; size < 10; ++size) {
        std::string request = "POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        for (std::string_view rest = kGraphql; !rest.empty(); rest.remove_prefix(std::min(size, rest.size()))) {
            const std::string_view chunk = rest.substr(0, size);
            request += std::to_string(chunk.size()) + "\r\n" + std::string(chunk) + "\r\n";
        }
        Wire wire;
        wire.one_by_one(kIn, request + "0\r\n\r\n");
        wire.sent(ok("hi"));
        EXPECT_EQ(wire.uses(), Uses{"POST /graphql query Orders 200"});
    }
}

TEST(Http1Calls, AGapInWhatIsLookedAtLeavesThemWithoutAName) {
    constexpr std::string_view kNew = R"({"query":"query NewOrders { orders }"})";
    const std::string request = post("/graphql", kNew);
    for (const std::string& whole : {request, "POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n26\r\n" +
                                                  std::string(kNew) + "\r\n0\r\n\r\n"}) {
        const std::size_t body = whole.find('{');
        Wire wire;
        wire.truncated(kIn, std::string_view(whole).substr(0, body + 16), 3, std::string_view(whole).substr(body + 19));
        wire.sent(ok("hi"));
        EXPECT_EQ(wire.uses(), Uses{"POST /graphql 200"});
    }
}

TEST(Http1Calls, WhatABrokenRequestCallsIsNobodyElses) {
    Wire wire;
    wire.received("POST /graphql HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n" + std::string(kGraphql) + "broken");
    wire.received(get("/a"));
    wire.sent(ok("hi"));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
}

TEST(Http1Calls, OfALargeBodyTheFrontTells) {
    Wire wire;
    const std::string large = R"({"jsonrpc":"2.0","method":"store","params":[")" + std::string(100'000, 'x') + "\"]}";
    const std::string request = post("/rpc", large);
    wire.truncated(kIn, std::string_view(request).substr(0, 16384), request.size() - 16384 - 64,
                   std::string_view(request).substr(request.size() - 64));
    wire.sent(ok("hi"));
    EXPECT_EQ(wire.uses(), Uses{"POST /rpc store 200"});
}

}  // namespace
}  // namespace footfall::http1
