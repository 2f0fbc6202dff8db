// Calls of gRPC-Web: the same as on HTTP/2.
#include <algorithm>

#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

using namespace std::string_literals;

std::string ask(std::string_view type = "application/grpc-web+proto", std::string_view target = "/shop.Orders/Get") {
    return "POST " + std::string(target) + " HTTP/1.1\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: 8\r\n\r\n\0\0\0\0\3ask"s;
}
std::string message(std::string_view body, char flags = 0) {
    return flags + "\0\0\0"s + static_cast<char>(body.size()) + std::string(body);
}
std::string trailers(std::string_view status) {
    return message("grpc-status: " + std::string(status) + "\r\ngrpc-message: secret\r\n", '\x80');
}
std::string answer(std::string_view body, std::string_view more = "content-type: application/grpc-web+proto\r\n") {
    return "HTTP/1.1 200 OK\r\n" + std::string(more) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}
std::string chunked(std::string_view body, std::size_t size) {
    std::string out = "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web+proto\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (; !body.empty(); body.remove_prefix(std::min(size, body.size()))) {
        out += std::to_string(std::min(size, body.size())) + "\r\n" + std::string(body.substr(0, size)) + "\r\n";
    }
    return out + "0\r\n\r\n";
}

TEST(Http1GrpcWeb, ACallIsNamedByItsMethodAndJudgedByItsTrailers) {
    Wire wire;
    for (const auto* code : {"0", "5", "99"}) {
        wire.received(ask());
        wire.sent(answer(message("answer") + trailers(code)));
    }
    EXPECT_EQ(wire.uses(), (Uses{"shop.Orders/Get ok", "shop.Orders/Get NOT_FOUND", "shop.Orders/Get UNKNOWN"}));
    EXPECT_EQ(wire.last().kind, Kind::kGrpc);
    EXPECT_EQ(wire.last().status, 0);
    EXPECT_EQ(wire.last().bytes_in, ask().size());
    wire.received(get("/a"));
    wire.sent(ok("hi"));
    EXPECT_EQ(wire.uses().back(), "GET /a 200");
    Wire client;
    client.sent(ask());
    client.received(answer(trailers("7")));
    EXPECT_EQ(client.uses(), Uses{"shop.Orders/Get PERMISSION_DENIED"});
    EXPECT_EQ(client.last().role, Role::kClient);
}

TEST(Http1GrpcWeb, TheStatusMayBeInTheHead) {
    Wire wire;
    wire.received(ask());
    wire.sent(answer("", "Content-Type: application/grpc-web+proto\r\nGrpc-Status: 16\r\n"));
    wire.received(ask());
    wire.sent("HTTP/1.1 200 OK\r\ncontent-type:application/grpc-web\r\ngrpc-status:0\r\n\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), (Uses{"shop.Orders/Get UNAUTHENTICATED", "shop.Orders/Get ok"}));
}

TEST(Http1GrpcWeb, BytesMayComeOneByOneAndInChunksOfAnySize) {
    const std::string body = message("answer") + trailers("5");
    for (std::size_t size = 1; size < 10; ++size) {
        Wire wire;
        wire.one_by_one(kIn, ask());
        wire.one_by_one(kOut, chunked(body, size));
        EXPECT_EQ(wire.uses(), Uses{"shop.Orders/Get NOT_FOUND"});
        wire.received(ask());
        wire.sent(chunked(body, size));
        EXPECT_EQ(wire.uses(), Uses(2, "shop.Orders/Get NOT_FOUND"));
    }
}

TEST(Http1GrpcWeb, TheTextVariantIsBase64) {
    Wire wire;
    wire.received(ask("application/grpc-web-text"));
    wire.sent(answer("AAAAAAJhYg==gAAAAA9ncnBjLXN0YXR1czo1DQo=", "Content-Type: application/grpc-web-text+proto\r\n"));
    EXPECT_EQ(wire.uses(), Uses{"shop.Orders/Get NOT_FOUND"});
}

TEST(Http1GrpcWeb, ABodyUntilTheCloseToo) {
    Wire wire;
    wire.received(ask());
    wire.sent("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web+proto\r\n\r\n" + message("answer"));
    wire.sent(trailers("14"));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"shop.Orders/Get UNAVAILABLE"});
}

TEST(Http1GrpcWeb, WithoutAStatusWhatEndedTheCallIsItsError) {
    Wire wire;
    wire.received(ask());
    wire.sent("HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
    wire.received(ask());
    wire.sent(answer(message("answer")));
    wire.received(ask());
    wire.sent("HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 100\r\n\r\n" + message("an"));
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), (Uses{"shop.Orders/Get UNAVAILABLE", "shop.Orders/Get UNKNOWN", "shop.Orders/Get reset"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Http1GrpcWeb, AGapInTheBodyLeavesTheOutcomeUnknown) {
    const std::string body = message("answer that is long") + trailers("0");
    for (const std::string& whole : {answer(body), chunked(body, 9)}) {
        Wire wire;
        wire.received(ask());
        const std::size_t front = whole.find("answ") + 1;
        wire.truncated(kOut, std::string_view(whole).substr(0, front), 2, std::string_view(whole).substr(front + 2));
        EXPECT_EQ(wire.uses(), Uses{"shop.Orders/Get unknown"});
        wire.received(ask());
        wire.sent(answer(trailers("5")));
        EXPECT_EQ(wire.uses(), (Uses{"shop.Orders/Get unknown", "shop.Orders/Get NOT_FOUND"}));
    }
}

TEST(Http1GrpcWeb, OneThatWasLostLeavesNothingToTheNext) {
    Wire wire;
    wire.received(ask());
    wire.sent(answer(message("answer") + trailers("5")).substr(0, 110));
    wire.gap(kOut, 1000);
    wire.received(ask());
    wire.sent("HTTP/1.1 200 OK\r\n");
    wire.close();
    EXPECT_EQ(wire.uses().back(), "shop.Orders/Get closed");
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Http1GrpcWeb, AResponseThatIsFasterIsNotMisread) {
    Wire wire;
    wire.sent(ask().substr(0, 20));
    wire.received(answer(trailers("5")));
    wire.sent(ask().substr(20));
    EXPECT_EQ(wire.uses(), Uses{"shop.Orders/Get NOT_FOUND"});
    Wire untold;
    untold.sent(ask().substr(0, 20));
    untold.received(answer(trailers("5"), ""));
    untold.sent(ask().substr(20));
    EXPECT_EQ(untold.uses(), Uses{"shop.Orders/Get unknown"});
}

TEST(Http1GrpcWeb, ATargetMayBeThatOfAProxy) {
    Wire wire;
    wire.received(ask("application/grpc-web", "http://shop:80/shop.Orders/Get?trace=1"));
    wire.sent(answer(trailers("0")));
    EXPECT_EQ(wire.uses(), Uses{"shop.Orders/Get ok"});
}

TEST(Http1GrpcWeb, OtherContentIsHttp) {
    Wire wire;
    wire.received(ask("application/json"));
    wire.sent(answer(trailers("5"), "Content-Type: application/json\r\nGrpc-Status: 5\r\n"));
    EXPECT_EQ(wire.uses(), Uses{"POST /shop.Orders/Get 200"});
    EXPECT_EQ(wire.last().kind, Kind::kHttp);
}

}  // namespace
}  // namespace footfall::http1
