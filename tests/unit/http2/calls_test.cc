// What the body of a request calls: GraphQL, JSON-RPC.
#include "agent/protocols/http1/http1_reader.h"
#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

constexpr std::string_view kGraphql = R"({"operationName":"GetOrder","query":"query GetOrder { order { id } }"})";

Fields post(std::string_view path, std::string_view type = "application/json") {
    return {{":method", "POST"}, {":scheme", "http"}, {":path", std::string(path)}, {"content-type", std::string(type)}};
}

std::string padded(std::uint32_t stream, std::string_view body, std::size_t padding, bool end_stream) {
    return frame(FrameType::kData, kPadded | (end_stream ? kEndStream : 0), stream,
                 static_cast<char>(padding) + std::string(body) + std::string(padding, '\0'));
}

TEST(Http2Calls, are_named_by_the_body_of_their_request_at_both_ends) {
    Server server;
    server.request(1, post("/graphql"), false);
    server.received(data(1, kGraphql, true));
    server.respond(1, status("200"));
    server.request(3, post("/rpc"), false);
    server.received(data(3, R"({"jsonrpc":"2.0","method":"eth_call","id":1})", true));
    server.respond(3, status("200"));
    server.request(5, post("/plain"), false);
    server.received(data(5, "{}", true));
    server.respond(5, status("200"));
    EXPECT_EQ(server.uses(), (Uses{"POST /graphql query GetOrder 200", "POST /rpc eth_call 200", "POST /plain 200"}));
    Encoder requests;
    Encoder responses;
    Wire client;
    client.sent(std::string(kPreface) + settings() + headers(requests, 1, post("/graphql"), false) +
                data(1, kGraphql, true));
    client.received(settings() + headers(responses, 1, status("200"), true));
    EXPECT_EQ(client.uses(), Uses{"POST /graphql query GetOrder 200"});
}

TEST(Http2Calls, a_body_may_come_in_frames_with_padding_between_those_of_others) {
    for (std::size_t split = 0; split <= kGraphql.size(); ++split) {
        Server server;
        server.request(1, post("/graphql"), false);
        server.request(3, post("/graphql"), false);
        server.received(padded(1, kGraphql.substr(0, split), 9, false) + data(3, R"({"query":")", false));
        server.received(data(3, R"({ other }"})", true) + padded(1, kGraphql.substr(split), 255, false) + data(1, "", true));
        server.respond(1, status("200"));
        server.respond(3, status("200"));
        EXPECT_EQ(server.uses(), (Uses{"POST /graphql query GetOrder 200", "POST /graphql query {other} 200"}));
    }
}

TEST(Http2Calls, bytes_may_come_one_by_one) {
    Server server;
    server.one_by_one(kIn, headers(server.client, 1, post("/graphql"), false) + padded(1, kGraphql, 3, true));
    server.respond(1, status("200"));
    EXPECT_EQ(server.uses(), Uses{"POST /graphql query GetOrder 200"});
}

TEST(Http2Calls, of_a_large_body_the_front_tells) {
    const std::string large = R"({"jsonrpc":"2.0","method":"store","params":[")" + std::string(16'000, 'x');
    for (const std::string& front : {data(1, large, false), padded(1, large, 200, false)}) {
        Server server;
        server.request(1, post("/rpc"), false);
        server.truncated(kIn, std::string_view(front).substr(0, 5000), front.size() - 5000, {});
        server.received(data(1, R"("],"jsonrpc":"2.0","method":"other"})", true));
        server.respond(1, status("200"));
        EXPECT_EQ(server.uses(), Uses{"POST /rpc store 200"});
    }
}

TEST(Http2Calls, of_one_that_is_answered_before_it_is_whole_the_front_tells_too) {
    Server server;
    server.request(1, post("/rpc"), false);
    server.received(data(1, R"({"jsonrpc":"2.0","method":"store","params":[")" + std::string(5000, 'x'), false));
    server.respond(1, status("413"));
    server.sent(reset(1, 0));
    EXPECT_EQ(server.uses(), Uses{"POST /rpc store 413"});
}

TEST(Http2Calls, white_space_longer_than_what_is_kept_hides_the_call) {
    Server server;
    server.request(1, post("/rpc"), false);
    server.received(data(1, std::string(5000, ' ') + R"([{"params":)", false));
    server.received(data(1, R"({"jsonrpc":"2.0","method":"inner"}}])", true));
    server.respond(1, status("200"));
    EXPECT_EQ(server.uses(), Uses{"POST /rpc 200"});
}

TEST(Http2Calls, a_gap_in_what_is_looked_at_leaves_them_without_a_name) {
    Server server;
    server.request(1, post("/graphql"), false);
    const std::string body = data(1, kGraphql, true);
    server.truncated(kIn, std::string_view(body).substr(0, 60), 10, std::string_view(body).substr(70));
    server.respond(1, status("200"));
    server.request(3, post("/graphql"), false);
    server.received(data(3, R"({"query":"query A{a} query )", false));
    server.gap(kIn, data(3, R"(B{b}", "operationName": "B)", false).size());  // a whole frame
    server.received(data(3, R"("})", true));
    server.respond(3, status("200"));
    EXPECT_EQ(server.uses(), (Uses{"POST /graphql 200", "POST /graphql 200"}));
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2Calls, only_posts_are_looked_at_and_calls_of_grpc_are_not) {
    Server server;
    server.request(1, {{":method", "PUT"}, {":scheme", "http"}, {":path", "/a"}}, false);
    server.received(data(1, kGraphql, true));
    server.respond(1, status("200"));
    server.request(3, post("/a.B/C", "application/grpc+json"), false);
    server.received(data(3, kGraphql, true));
    server.respond(3, {{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-status", "0"}});
    EXPECT_EQ(server.uses(), (Uses{"PUT /a 200", "a.B/C ok"}));
}

TEST(Http2Calls, the_upgraded_request_keeps_what_it_calls) {
    WireOf<http1::Http1Reader> wire;
    Encoder responses;
    wire.received("POST /graphql HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: " +
                  std::to_string(kGraphql.size()) + "\r\n\r\n" + std::string(kGraphql));
    wire.sent("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + settings() +
              headers(responses, 1, status("200"), true));
    EXPECT_EQ(wire.uses(), Uses{"POST /graphql query GetOrder 200"});
}

}  // namespace
}  // namespace footfall::http2
