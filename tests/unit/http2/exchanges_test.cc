// Streams of one connection, as their two ends and those who watch them count them.
#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(Http2, a_request_and_its_response_are_one_use_for_both_ends) {
    Server server;
    server.request(1, get("/orders/1"));
    server.respond(1, status("200"), false);
    server.sent(data(1, "hello", true));
    EXPECT_EQ(server.uses(), Uses{"GET /orders/1 200"});
    EXPECT_EQ(server.last().role, Role::kServer);
    EXPECT_EQ(server.last().kind, Kind::kHttp);
    EXPECT_EQ(server.last().begin.nanoseconds, 30U);
    EXPECT_EQ(server.last().first_byte.nanoseconds, 40U);
    EXPECT_EQ(server.last().end.nanoseconds, 50U);

    Wire client;
    Encoder requests;
    Encoder responses;
    client.sent(std::string(kPreface) + settings() + headers(requests, 1, get("/a"), true));
    client.received(settings() + headers(responses, 1, status("404"), false) + data(1, "", true));
    EXPECT_EQ(client.uses(), Uses{"GET /a 404"});
    EXPECT_EQ(client.last().role, Role::kClient);
    EXPECT_EQ(client.last().outcome, Outcome::kError);
}

TEST(Http2, bytes_are_those_of_the_streams_own_frames) {
    Server server;
    const std::string request = headers(server.client, 1, {{":method", "POST"}, {":path", "/"}}, false);
    server.received(request + data(1, "12345", false) + frame(FrameType::kWindowUpdate, 0, 1, word(10)) + data(1, "", true));
    const std::string response = headers(server.server, 1, status("200"), true);
    server.sent(frame(FrameType::kPing, 0, 0, "12345678") + response);
    EXPECT_EQ(server.last().bytes_in, request.size() + 9 + 5 + 9);
    EXPECT_EQ(server.last().bytes_out, response.size());
}

TEST(Http2, a_hundred_streams_at_once_are_a_hundred_uses_whatever_their_order) {
    Server server;
    std::string requests;
    std::string responses;
    for (std::uint32_t i = 0; i < 100; ++i)
        requests += headers(server.client, 2 * i + 1, get("/" + std::to_string(i)), true);
    server.received(requests);
    for (std::uint32_t i = 100; i-- > 0;) responses += headers(server.server, 2 * i + 1, status("200"), false);
    for (std::uint32_t i = 0; i < 100; ++i) responses += data(2 * i + 1, "x", true);
    server.sent(responses);
    ASSERT_EQ(server.uses().size(), 100U);
    EXPECT_EQ(server.uses()[17], "GET /17 200");
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2, bytes_may_come_one_by_one) {
    Server server;
    server.one_by_one(kIn, headers(server.client, 1, get("/a/long/path/that/no/short/string/holds"), true));
    server.one_by_one(kOut, headers(server.server, 1, status("200"), false) + data(1, std::string(300, 'x'), true));
    EXPECT_EQ(server.uses(), Uses{"GET /a/long/path/that/no/short/string/holds 200"});
    Wire slow;
    slow.one_by_one(kIn, kPreface);
    slow.one_by_one(kOut, settings(std::string_view("\0\x05\0\1\0\0", 6)));
    Encoder encoder;
    slow.one_by_one(kIn, settings() + headers(encoder, 1, get("/"), true));
    slow.close();
    EXPECT_EQ(slow.uses(), Uses{"GET / - closed"});
}

TEST(Http2, header_blocks_may_be_split_padded_and_have_a_priority) {
    Server server;
    const std::string block = server.client.block(get("/split"));
    server.received(frame(FrameType::kHeaders, kEndStream, 1, block.substr(0, 3)) +
                    frame(FrameType::kContinuation, 0, 1, block.substr(3, 2)) +
                    frame(FrameType::kContinuation, kEndHeaders, 1, block.substr(5)));
    const std::string padded = "\x04" + std::string("\0\0\0\0\x10", 5) + server.client.block(get("/padded")) + "\0\0\0\0"s;
    server.received(frame(FrameType::kHeaders, kEndStream | kEndHeaders | kPadded | kHasPriority, 3, padded));
    server.respond(3, status("200"));
    server.respond(1, status("200"));
    EXPECT_EQ(server.uses(), (Uses{"GET /padded 200", "GET /split 200"}));
}

TEST(Http2, interim_responses_are_none_and_trailers_end_one) {
    Server server;
    server.request(1, get("/a"));
    server.respond(1, {{":status", "103"}}, false);
    server.respond(1, status("200"), false);
    server.sent(data(1, "x", false));
    EXPECT_TRUE(server.uses().empty());
    server.respond(1, {{"x-checksum", "1"}});
    EXPECT_EQ(server.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(server.last().first_byte.nanoseconds, 50U);
}

TEST(Http2, requests_may_have_bodies_and_trailers_and_end_after_their_response) {
    Server server;
    server.request(1, {{":method", "POST"}, {":path", "/upload"}}, false);
    server.respond(1, status("413"));
    EXPECT_TRUE(server.uses().empty());
    server.received(data(1, "late", false));
    server.request(1, {{"x-sum", "1"}});
    EXPECT_EQ(server.uses(), Uses{"POST /upload 413"});
}

TEST(Http2, what_a_reset_cuts_is_an_error_of_its_name_unless_the_response_is_whole) {
    Server server;
    server.request(1, get("/cancelled"));
    server.received(reset(1, 8));
    server.request(3, get("/early"), false);
    server.respond(3, status("200"));
    server.sent(reset(3, 0));
    server.request(5, get("/late"));
    server.respond(5, status("200"), false);
    server.sent(reset(5, 2));
    EXPECT_EQ(server.uses(), (Uses{"GET /cancelled - CANCEL", "GET /early 200", "GET /late 200 INTERNAL_ERROR"}));
}

TEST(Http2, streams_above_the_last_of_a_goaway_were_not_served) {
    Server server;
    server.request(1, get("/served"));
    server.request(3, get("/refused"));
    server.sent(goaway(1));
    server.respond(1, status("200"));
    server.close();
    EXPECT_EQ(server.uses(), (Uses{"GET /refused - goaway", "GET /served 200"}));
}

TEST(Http2, what_is_open_ends_with_the_connection_or_the_session) {
    Server server;
    server.request(1, get("/a"));
    server.close(CloseReason::kReset);
    EXPECT_EQ(server.uses(), Uses{"GET /a - reset"});
    Server unfinished;
    unfinished.request(1, get("/a"));
    unfinished.request(3, get("/b"), false);
    unfinished.respond(3, status("200"));
    unfinished.session_end();
    EXPECT_EQ(unfinished.uses(), Uses{"GET /b 200"});
    EXPECT_EQ(unfinished.sink.lost, Lost{LostReason::kUnfinished});
}

TEST(Http2, pushed_responses_are_no_uses) {
    Server server;
    server.request(1, get("/page"));
    server.sent(frame(FrameType::kPushPromise, kEndHeaders, 1, word(2) + server.server.block(get("/style.css"))));
    server.respond(2, status("200"));
    server.respond(1, status("200"));
    EXPECT_EQ(server.uses(), Uses{"GET /page 200"});
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2, a_clients_response_may_be_seen_before_its_request) {
    Wire client;
    Encoder requests;
    Encoder responses;
    client.sent(std::string(kPreface) + settings());
    client.received(settings() + headers(responses, 1, status("200"), true));
    client.sent(headers(requests, 1, get("/raced"), true));
    EXPECT_EQ(client.uses(), Uses{"GET /raced 200"});
    EXPECT_TRUE(client.all_accounted());
}

TEST(Http2, large_bodies_are_skipped_by_their_length_whether_seen_or_not) {
    Server server;
    server.request(1, get("/large"));
    server.respond(1, status("200"), false);
    const std::string piece = data(1, std::string(16384, 'x'), false);
    server.truncated(kOut, std::string_view(piece).substr(0, 100), 16384 + 9 - 100 - 64, std::string(64, 'x'));
    server.sent(data(1, "end", true));
    EXPECT_EQ(server.uses(), Uses{"GET /large 200"});
    EXPECT_TRUE(server.sink.lost.empty());
}

TEST(Http2, a_path_longer_than_what_is_kept_is_cut) {
    Server server;
    server.request(1, get("/" + std::string(9000, 'a')));
    server.respond(1, status("200"));
    EXPECT_EQ(server.last().target.size(), 0U + server.sink.seen.back().target.size());
    EXPECT_EQ(server.sink.seen.back().target.size(), kTargetLimit);
}

TEST(Http2, settings_may_allow_larger_frames) {
    Server server;
    server.received(settings("\x00\x05\x00\x01\x00\x00"sv));
    server.request(1, get("/a"));
    server.respond(1, status("200"), false);
    server.sent(data(1, std::string(40000, 'x'), true));
    EXPECT_EQ(server.uses(), Uses{"GET /a 200"});
}

TEST(Http2, the_upgraded_request_is_answered_by_stream_1) {
    Wire wire;
    Exchange request;
    request.method = "GET";
    request.target = "/upgraded";
    request.bytes_in = 100;
    request.bytes_out = 70;
    wire.reader.begin_upgraded(request);
    Encoder requests;
    Encoder responses;
    wire.sent(settings());
    wire.received(std::string(kPreface) + settings());
    wire.sent(headers(responses, 1, status("200"), true));
    wire.received(headers(requests, 3, get("/next"), true));
    wire.sent(headers(responses, 3, status("200"), true));
    EXPECT_EQ(wire.uses(), (Uses{"GET /upgraded 200", "GET /next 200"}));
    EXPECT_EQ(wire.sink.seen.front().exchange.bytes_in, 100U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Http2, other_bytes_refute_a_guess) {
    for (const std::string_view bytes :
         {"PRI * HTTP/2.1\r\n\r\n"sv, "\0\0\0\x08\x04\xd2\x16\x2f\0"sv, "GET / HTTP/1.1\r\n\r\n"sv}) {
        Wire wire;
        wire.received(bytes);
        EXPECT_EQ(wire.reader.standing(), Standing::kRefuted);
    }
    Wire late(true);
    for (int i = 0; i < 20; ++i) late.received("whatever it is, it is no frame");
    EXPECT_EQ(late.reader.standing(), Standing::kRefuted);
    EXPECT_EQ(Server().reader.standing(), Standing::kConfirmed);
}

}  // namespace
}  // namespace footfall::http2
