// gRPC and gRPC-Web calls: names and outcomes.
#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

constexpr std::string_view kPath = "/shop.Orders/Get";
const Fields kAnswer{{":status", "200"}, {"content-type", "application/grpc"}};
const Fields kWebAnswer{{":status", "200"}, {"content-type", "application/grpc-web+proto"}};
const Fields kTextAnswer{{":status", "200"}, {"content-type", "application/grpc-web-text+proto"}};

std::string message(std::string_view body, char flag = 0) {
    return std::string(1, flag) + word(static_cast<std::uint32_t>(body.size())) + std::string(body);
}

TEST(Grpc, a_call_is_named_by_its_method_and_judged_by_its_trailers) {
    Server server;
    std::uint32_t stream = 1;
    for (const auto* code : {"0", "5", "16", "99"}) {
        server.request(stream, call(kPath), false);
        server.received(data(stream, message("ask"), true));
        server.respond(stream, kAnswer, false);
        server.sent(data(stream, message("answer"), false));
        server.respond(stream, {{"grpc-status", code}, {"grpc-message", "secret"}});
        stream += 2;
    }
    EXPECT_EQ(server.uses(), (Uses{"shop.Orders/Get ok", "shop.Orders/Get NOT_FOUND", "shop.Orders/Get UNAUTHENTICATED",
                                   "shop.Orders/Get UNKNOWN"}));
    EXPECT_EQ(server.last().kind, Kind::kGrpc);
    EXPECT_EQ(server.last().status, 0);
}

TEST(Grpc, trailers_only_are_a_whole_response) {
    Server server;
    server.request(1, call(kPath));
    server.respond(1, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "12"}});
    EXPECT_EQ(server.uses(), Uses{"shop.Orders/Get UNIMPLEMENTED"});
}

TEST(Grpc, without_a_status_what_ended_the_call_is_its_error) {
    Server server;
    for (const std::uint32_t stream : {1, 3, 5, 7, 9, 11}) server.request(stream, call(kPath));
    server.received(reset(1, 8));
    server.sent(reset(3, 7));
    server.respond(5, {{":status", "503"}, {"content-type", "text/html"}});
    server.respond(7, kAnswer);
    server.sent(goaway(9));
    server.close();
    EXPECT_EQ(server.uses(), (Uses{"shop.Orders/Get CANCELLED", "shop.Orders/Get UNAVAILABLE", "shop.Orders/Get UNAVAILABLE",
                                   "shop.Orders/Get UNKNOWN", "shop.Orders/Get UNAVAILABLE", "shop.Orders/Get closed"}));
}

TEST(Grpc, a_streaming_call_is_one_use_that_ends_with_its_trailers) {
    Server server;
    server.request(1, call("/chat.Room/Join"), false);
    server.respond(1, kAnswer, false);
    for (int i = 0; i < 1000; ++i) {
        server.received(data(1, message("hi"), false));
        server.sent(data(1, message("hello"), false));
    }
    EXPECT_TRUE(server.uses().empty());
    server.received(data(1, "", true));
    server.respond(1, {{"grpc-status", "0"}});
    EXPECT_EQ(server.uses(), Uses{"chat.Room/Join ok"});
    EXPECT_EQ(server.last().end.nanoseconds, server.now);
}

TEST(GrpcWeb, the_status_is_in_the_body_wherever_it_is_split) {
    const std::string body = message("answer") + message("grpc-status: 5\r\ngrpc-message: x\r\n", '\x80');
    for (std::size_t split = 0; split <= body.size(); ++split) {
        Server server;
        server.request(1,
                       {{":method", "POST"}, {":path", std::string(kPath)}, {"content-type", "application/grpc-web+proto"}});
        server.respond(1, kWebAnswer, false);
        server.sent(data(1, body.substr(0, split), false) + data(1, body.substr(split), true));
        EXPECT_EQ(server.uses(), Uses{"shop.Orders/Get NOT_FOUND"});
        EXPECT_EQ(server.last().kind, Kind::kGrpc);
    }
}

TEST(GrpcWeb, the_text_variant_is_base64) {
    Server server;
    server.request(1, {{":method", "POST"}, {":path", std::string(kPath)}, {"content-type", "application/grpc-web-text"}});
    server.respond(1, kTextAnswer, false);
    server.sent(data(1, "AAAAAAJhYg==", false) + data(1, "gAAAAA9ncnBjLXN0YXR1czowDQo=", true));
    EXPECT_EQ(server.uses(), Uses{"shop.Orders/Get ok"});
}

TEST(GrpcWeb, what_the_body_is_the_response_says) {
    const auto answer = [](const Fields& fields, std::string_view body) {
        Server server;
        server.request(1,
                       {{":method", "POST"}, {":path", std::string(kPath)}, {"content-type", "application/grpc-web-text"}});
        server.respond(1, fields, false);
        server.sent(data(1, body, true));
        return server.uses();
    };
    EXPECT_EQ(answer(kWebAnswer, message("grpc-status:5\r\n", '\x80')), Uses{"shop.Orders/Get NOT_FOUND"});
    EXPECT_EQ(answer({{":status", "200"}}, "gAAAAA9ncnBjLXN0YXR1czowDQo="), Uses{"shop.Orders/Get ok"});
    EXPECT_EQ(answer({{":status", "503"}, {"content-type", "text/html"}}, "<html>"), Uses{"shop.Orders/Get UNAVAILABLE"});
}

TEST(GrpcWeb, what_is_no_row_of_messages_leaves_the_outcome_unknown) {
    for (const std::string& body : {"\x1F\x8B\x08\0\0\0\0\0\0\3gzip"s, message("grpc-status:5\r\n", '\x81'),
                                    message("answer").substr(0, 8), "\0\0"s}) {
        Server server;
        server.request(1,
                       {{":method", "POST"}, {":path", std::string(kPath)}, {"content-type", "application/grpc-web+proto"}});
        server.respond(1, kWebAnswer, false);
        server.sent(data(1, body, true));
        EXPECT_EQ(server.uses(), Uses{"shop.Orders/Get unknown"});
    }
}

TEST(GrpcWeb, a_gap_in_the_body_leaves_the_outcome_unknown) {
    Server server;
    server.request(1, {{":method", "POST"}, {":path", std::string(kPath)}, {"content-type", "application/grpc-web+proto"}});
    server.respond(1, kWebAnswer, false);
    const std::string body = data(1, message("answer") + message("grpc-status:0\r\n", '\x80'), true);
    server.truncated(kOut, std::string_view(body).substr(0, 12), body.size() - 12, {});
    EXPECT_EQ(server.uses(), Uses{"shop.Orders/Get unknown"});
}

TEST(GrpcWeb, so_do_frames_that_passed_unseen) {
    Server server;
    server.request(1, {{":method", "POST"}, {":path", std::string(kPath)}, {"content-type", "application/grpc-web+proto"}});
    server.respond(1, kWebAnswer, false);
    server.sent(data(1, message("answer").substr(0, 5), false));
    server.gap(kOut, 100);
    server.sent(data(1, message("grpc-status:0\r\n", '\x80'), true));
    server.close();
    EXPECT_EQ(server.uses(), Uses{"shop.Orders/Get unknown"});
    EXPECT_TRUE(server.all_accounted());
}

}  // namespace
}  // namespace footfall::http2
