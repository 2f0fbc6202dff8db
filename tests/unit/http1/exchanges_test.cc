// What counts as one exchange, and what is told of it, while every byte is seen.
#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

TEST(Exchanges, a_request_that_is_received_makes_a_server) {
    Wire wire;
    wire.received("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    wire.sent("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    ASSERT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.last().role, Role::kServer);
    EXPECT_EQ(wire.last().kind, Kind::kHttp);
    EXPECT_EQ(wire.last().connection, ConnectionId{7});
    EXPECT_EQ(wire.last().pid, Pid{100});
    EXPECT_EQ(wire.last().tid, Tid{101});
    EXPECT_EQ(wire.last().bytes_in, 28U);
    EXPECT_EQ(wire.last().bytes_out, 40U);
}

TEST(Exchanges, a_request_that_is_sent_makes_a_client) {
    Wire wire;
    wire.sent(get("/a"));
    wire.received(ok("hello"));
    ASSERT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.last().role, Role::kClient);
    EXPECT_EQ(wire.last().bytes_out, get("/a").size());
    EXPECT_EQ(wire.last().bytes_in, ok("hello").size());
}

TEST(Exchanges, errors_are_5xx_for_a_server_and_4xx_too_for_a_client) {
    Wire server;
    for (const char* status : {"404 No", "500 Oh"}) {
        server.received(get("/"));
        server.sent("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\n\r\n");
    }
    EXPECT_EQ(server.sink.seen[0].exchange.outcome, Outcome::kOk);
    EXPECT_EQ(server.sink.seen[0].error_type, "");
    EXPECT_EQ(server.sink.seen[1].exchange.outcome, Outcome::kError);
    EXPECT_EQ(server.sink.seen[1].error_type, "500");
    Wire client;
    client.sent(get("/"));
    client.received("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(client.last().outcome, Outcome::kError);
    EXPECT_EQ(client.sink.seen[0].error_type, "404");
}

TEST(Exchanges, times_are_those_of_the_first_and_last_bytes) {
    Wire wire;
    wire.received("GET / HT");                                   // 10
    wire.received("TP/1.1\r\n\r\n");                             // 20
    wire.sent("H");                                              // 30
    wire.sent("TTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab");  // 40
    wire.sent("cd");                                             // 50
    EXPECT_EQ(wire.last().begin.nanoseconds, 10U);
    EXPECT_EQ(wire.last().first_byte.nanoseconds, 30U);
    EXPECT_EQ(wire.last().end.nanoseconds, 50U);
}

TEST(Exchanges, keep_alive_counts_each_request_once) {
    Wire wire;
    for (int i = 0; i < 100; ++i) {
        wire.received(get("/" + std::to_string(i)));
        wire.sent(ok("x"));
    }
    ASSERT_EQ(wire.sink.seen.size(), 100U);
    EXPECT_EQ(wire.uses()[99], "GET /99 200");
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Exchanges, pipelined_requests_get_their_own_responses) {
    Wire wire;
    std::string requests;
    std::string responses;
    for (int i = 0; i < 200; ++i) requests += get("/" + std::to_string(i));
    for (int i = 0; i < 200; ++i) {
        responses += "HTTP/1.1 " + std::to_string(400 + i) + " S\r\nContent-Length: 3\r\n\r\nabc";
    }
    wire.received(requests);
    wire.sent(responses);
    ASSERT_EQ(wire.sink.seen.size(), 200U);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(wire.sink.seen[static_cast<std::size_t>(i)].target, "/" + std::to_string(i));
        EXPECT_EQ(wire.sink.seen[static_cast<std::size_t>(i)].exchange.status, 400 + i);
    }
}

TEST(Exchanges, more_pipelined_requests_than_are_kept_are_lost_by_name_and_the_rest_keeps_its_order) {
    Wire wire;
    constexpr std::size_t kRequests = OpenExchanges::kLimit + 10;
    for (std::size_t i = 0; i < kRequests; ++i) wire.received(get("/" + std::to_string(i)));
    for (std::size_t i = 0; i < kRequests; ++i) wire.sent(ok("x"));
    EXPECT_EQ(wire.sink.seen.size(), OpenExchanges::kLimit - 1);
    EXPECT_EQ(wire.sink.lost, Lost(11, LostReason::kTooManyOpen));
    wire.received(get("/after"));
    wire.sent(ok("x"));
    EXPECT_EQ(wire.uses().back(), "GET /after 200");
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Exchanges, messages_may_come_byte_by_byte) {
    Wire wire;
    for (int i = 0; i < 3; ++i) {
        wire.one_by_one(kIn, "POST /a HTTP/1.1\r\nContent-Type: t\r\ncontent-length:  5\r\nX: y\r\n\r\nhello");
        wire.one_by_one(
            kOut, "HTTP/1.1 201 Created\r\nCache-Control: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    }
    EXPECT_EQ(wire.uses(), Uses(3, "POST /a 201"));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Exchanges, chunked_bodies_with_extensions_and_trailers_end_at_their_terminal_chunk) {
    const std::string body = "4;ext=1\r\nwxyz\r\nA\r\n0123456789\r\n0\r\nChecksum: 1\r\n\r\n";
    Wire wire;
    wire.received("POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + body + get("/next"));
    wire.sent("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + body + ok("b"));
    ASSERT_EQ(wire.uses(), (Uses{"POST /up 200", "GET /next 200"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_in, 49 + body.size());
    EXPECT_EQ(wire.sink.seen[1].exchange.bytes_in, get("/next").size());
    EXPECT_EQ(wire.sink.seen[1].exchange.bytes_out, ok("b").size());
}

TEST(Exchanges, a_body_until_close_ends_with_the_connection) {
    for (const bool by_peer : {false, true}) {
        Wire wire;
        wire.sent("GET /old HTTP/1.0\r\n\r\n");
        wire.received("HTTP/1.0 200 OK\r\n\r\nsome");
        wire.received(" more");
        EXPECT_TRUE(wire.uses().empty());
        by_peer ? wire.end_of_stream(kIn) : wire.close();
        ASSERT_EQ(wire.uses(), Uses{"GET /old 200"});
        EXPECT_EQ(wire.last().outcome, Outcome::kOk);
        EXPECT_EQ(wire.last().end.nanoseconds, 30U);
        EXPECT_EQ(wire.last().bytes_in, 28U);
    }
}

TEST(Exchanges, a_body_until_close_that_is_reset_is_an_error) {
    Wire wire;
    wire.sent("GET /old HTTP/1.0\r\n\r\n");
    wire.received("HTTP/1.0 200 OK\r\n\r\nsome");
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), Uses{"GET /old 200 reset"});
}

TEST(Exchanges, head_204_and_304_have_no_body_whatever_their_headers_say) {
    Wire wire;
    wire.received("HEAD /h HTTP/1.1\r\n\r\n" + get("/204") + get("/304") + get("/last"));
    wire.sent("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    wire.sent("HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n");
    wire.sent("HTTP/1.1 304 Not\r\nContent-Length: 1000\r\n\r\n");
    wire.sent(ok("x"));
    EXPECT_EQ(wire.uses(), (Uses{"HEAD /h 200", "GET /204 204", "GET /304 304", "GET /last 200"}));
}

TEST(Exchanges, interim_responses_are_not_the_response) {
    Wire wire;
    wire.received("PUT /f HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");  // 10
    wire.sent("HTTP/1.1 100 Continue\r\n\r\n");                                             // 20
    wire.received("abc");                                                                   // 30
    wire.sent("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n");                             // 40
    wire.sent("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");                         // 50
    ASSERT_EQ(wire.uses(), Uses{"PUT /f 201"});
    EXPECT_EQ(wire.last().first_byte.nanoseconds, 50U);
    EXPECT_EQ(wire.last().bytes_out, 25U + 39U + 43U);
}

TEST(Exchanges, a_refused_expectation_lets_the_next_request_come_in_place_of_the_body) {
    Wire wire;
    wire.received("PUT /f HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 300\r\n\r\n");
    wire.sent("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
    wire.received(get("/next"));
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses(), (Uses{"PUT /f 417", "GET /next 200"}));
}

TEST(Exchanges, http_1_0_keeps_the_connection_if_both_agree) {
    Wire wire;
    for (int i = 0; i < 2; ++i) {
        wire.received("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        wire.sent("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx");
    }
    EXPECT_EQ(wire.uses(), Uses(2, "GET /a 200"));
}

TEST(Exchanges, a_connection_close_header_is_not_a_close) {
    Wire wire;
    for (int i = 0; i < 2; ++i) {
        wire.received("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
        wire.sent("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
    }
    EXPECT_EQ(wire.uses(), Uses(2, "GET /a 200"));
}

TEST(Exchanges, empty_lines_between_messages_are_nobodys) {
    Wire wire;
    wire.received("\r\n\r\n" + get("/a"));
    wire.sent(ok("x"));
    wire.received("\r\n");
    wire.received(get("/b"));
    wire.sent(ok("x"));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200"}));
    EXPECT_EQ(wire.last().bytes_in, get("/b").size());
    EXPECT_EQ(wire.last().begin.nanoseconds, 40U);
}

TEST(Exchanges, targets_and_methods_are_told_as_sent) {
    Wire wire;
    for (const char* line : {"GET http://a.example/b?c=d", "OPTIONS *", "PURGE /cache", "brew /pot", "X_CUSTOM-1 /x",
                             "DESCRIBE rtsp", "PRI *", "SOURCE /ice", "GET /caf\xc3\xa9|^{}"}) {
        wire.received(std::string(line) + " HTTP/1.1\r\n\r\n");
        wire.sent(ok(""));
        EXPECT_EQ(wire.uses().back(), std::string(line) + " 200");
    }
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Exchanges, long_targets_are_cut_and_long_heads_are_read) {
    Wire wire;
    wire.received("GET /" + std::string(20000, 'a') + " HTTP/1.1\r\nCookie: " + std::string(30000, 'c') + "\r\n\r\n");
    wire.sent("HTTP/1.1 200 OK\r\nSet-Cookie: " + std::string(60000, 'c') + "\r\nContent-Length: 2\r\n\r\nok");
    ASSERT_EQ(wire.sink.seen.size(), 1U);
    EXPECT_EQ(wire.sink.seen[0].target, "/" + std::string(kTargetLimit - 1, 'a'));
    wire.received(get("/next"));
    wire.sent(ok("x"));
    EXPECT_EQ(wire.uses()[1], "GET /next 200");
}

TEST(Exchanges, a_head_beyond_the_limit_is_lost_by_name_and_the_next_one_is_not) {
    const std::string filler(kHeadLimit, 'x');
    for (const std::string& head : {"GET /" + filler + " HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nA: " + filler + "\r\n\r\n"}) {
        Wire wire;
        wire.received(get("/first"));
        wire.sent(ok(""));
        wire.received(head);
        wire.sent(ok(""));
        wire.received(get("/next"));
        wire.sent(ok(""));
        EXPECT_EQ(wire.uses(), (Uses{"GET /first 200", "GET /next 200"}));
        EXPECT_EQ(wire.sink.lost, Lost{LostReason::kHeadTooLong});
    }
    Wire wire;
    wire.received(get("/a"));
    wire.sent("HTTP/1.1 200 OK\r\nA: " + filler + "\r\n\r\n");
    wire.received(get("/next"));
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses(), Uses{"GET /next 200"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kHeadTooLong});
}

TEST(Exchanges, headers_that_break_rules_without_touching_the_framing_are_the_applications_business) {
    Wire wire;
    wire.received("GET /a HTTP/1.1\r\nBad Header\r\nC\xf6okie: \x01\r\n folded: Content-Length: 7\r\n\r\n");
    wire.sent("HTTP/1.1 200 OK\nContent-Length: 3\nTransfer: x\n\nabc");
    wire.received(get("/b"));
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200"}));
}

TEST(Exchanges, chunked_wins_over_a_content_length) {
    Wire wire;
    wire.received("POST /a HTTP/1.1\r\nContent-Length: 500\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses(), Uses{"POST /a 200"});
}

TEST(Exchanges, a_response_that_comes_before_the_request_is_complete_is_handed_out_with_it) {
    Wire wire;
    wire.received("POST /up HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc");  // 10
    wire.sent(ok("fast"));                                               // 20
    EXPECT_TRUE(wire.uses().empty());
    wire.received("def");  // 30
    ASSERT_EQ(wire.uses(), Uses{"POST /up 200"});
    EXPECT_EQ(wire.last().end.nanoseconds, 20U);
    EXPECT_EQ(wire.last().bytes_in, 46U);
}

TEST(Exchanges, a_refusal_in_the_middle_of_the_request_counts_with_its_status_at_the_close) {
    Wire wire;
    wire.received("POST /up HTTP/1.1\r\nContent-Length: 600\r\n\r\nabc");
    wire.sent("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n");
    wire.close();
    ASSERT_EQ(wire.uses(), Uses{"POST /up 413"});
    EXPECT_EQ(wire.last().outcome, Outcome::kOk);
    EXPECT_EQ(wire.last().bytes_in, 45U);
    EXPECT_EQ(wire.last().end.nanoseconds, 20U);
}

TEST(Exchanges, a_clients_response_may_overtake_its_request) {
    Wire wire;
    wire.received(ok("abc"));
    wire.sent(get("/a"));
    wire.sent(get("/b"));
    wire.received(ok(""));
    wire.received("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    wire.sent("HEAD /c HTTP/1.1\r\n\r\n");
    wire.sent(get("/d"));
    wire.received(ok(""));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200", "HEAD /c 200", "GET /d 200"}));
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Exchanges, a_response_nobody_asked_for_is_no_exchange) {
    for (const Direction direction : {kIn, kOut}) {
        Wire wire;
        wire.reader.on_bytes(direction, "HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n", true, wire.tick());
        wire.close();
        EXPECT_TRUE(wire.uses().empty());
        EXPECT_TRUE(wire.sink.lost.empty());
    }
}

TEST(Exchanges, a_success_nobody_asked_for_tells_of_a_request_that_was_not_seen) {
    for (const Direction direction : {kIn, kOut}) {
        Wire wire;
        wire.reader.on_bytes(direction, ok(""), true, wire.tick());
        wire.close();
        EXPECT_TRUE(wire.uses().empty());
        EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(Exchanges, a_request_that_was_not_seen_is_lost_when_the_next_one_comes) {
    Wire wire;
    wire.sent(ok(""));
    wire.received(get("/b"));
    wire.sent(ok(""));
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"GET /b 200"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
}

TEST(Exchanges, what_is_not_http_stays_silent) {
    Wire wire;
    wire.received("\x16\x03\x01\x02");
    wire.sent("SSH-2.0-OpenSSH\r\n");
    wire.received("220 mail ESMTP\r\n");
    wire.close();
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Exchanges, http_0_9_is_unparsable) {
    Wire wire;
    wire.received("GET /\r\n");
    wire.sent("<html>");
    wire.close();
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnparsable});
}

TEST(Exchanges, garbage_gives_up_what_is_open_and_the_next_request_is_read_again) {
    Wire wire;
    wire.received(get("/a"));
    wire.sent("garbage\r\n");
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnparsable});
    wire.received(get("/b"));
    wire.sent(ok(""));
    wire.received("\x01\x02\x03");
    EXPECT_EQ(wire.sink.lost, Lost(2, LostReason::kUnparsable));
    wire.sent("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
    wire.received("POST /bad HTTP/1.1\r\nContent-Length: many\r\n\r\n");
    wire.sent("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(wire.sink.lost, Lost(3, LostReason::kUnparsable));
    wire.received(get("/c"));
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses(), (Uses{"GET /b 200", "GET /c 200"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Exchanges, a_reader_that_restarts_knows_nothing_of_the_connection_before) {
    Wire wire;
    wire.received(get("/a"));
    wire.sent("HTTP/1.1 101 Switching\r\n\r\n");
    wire.received(get("/b"));
    wire.reader.restart({ConnectionId{8}, false, &wire.sink});
    wire.sent(get("/c"));
    wire.received(ok(""));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 101", "GET /c 200"}));
    EXPECT_EQ(wire.last().connection, ConnectionId{8});
    EXPECT_EQ(wire.last().role, Role::kClient);
}

}  // namespace
}  // namespace footfall::http1
