// Bytes that nobody saw: before footfall came, and in between. What is known is right, what is not is said to be unknown.
#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

using namespace std::string_view_literals;

TEST(Http2Gaps, a_late_reader_names_what_the_table_does_not_hide) {
    Server server(true);
    server.client.block(get("/before"));  // went by unseen
    server.request(7, get("/after"));
    server.respond(7, status("200"));
    EXPECT_EQ(server.uses(), Uses{"GET /after 200"});  // nghttp2 does not put paths into the table
    EXPECT_EQ(server.last().role, Role::kServer);
}

TEST(Http2Gaps, a_late_reader_says_unknown_where_the_table_hides_the_name) {
    Server server(true);
    const Fields call{{":method", "PURGE"}, {":scheme", "http"}, {":authority", "shop"}};
    server.client.block(call);
    server.request(7, call);
    server.respond(7, status("200"));
    EXPECT_EQ(server.uses(), Uses{"_OTHER {unknown} 200"});
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2Gaps, a_late_reader_names_what_is_new_from_then_on) {
    Server server(true);
    server.client.block(get("/before"));
    const Fields purge{{":method", "PURGE"}, {":scheme", "http"}, {":path", "/cache"}};
    for (const std::uint32_t stream : {7, 9}) {
        server.request(stream, purge);
        server.respond(stream, status("200"));
    }
    EXPECT_EQ(server.uses(), (Uses{"PURGE /cache 200", "PURGE /cache 200"}));
}

// As gRPC's own encoder does, which puts each path into the table.
TEST(Http2Gaps, a_late_reader_knows_a_method_from_the_first_block_that_spells_it_out) {
    constexpr auto kHidden = "\x83\x86\xbf\xbe"sv;  // POST, http, and the two newest entries: path and content-type
    constexpr auto kSpelled = "\x83\x86\x44\x10/shop.Orders/Get\x5f\x10\x61pplication/grpc"sv;
    constexpr auto kAnswer = "\x88\x5f\x10\x61pplication/grpc"sv;
    constexpr auto kTrailers = "\x40\x0bgrpc-status\x01\x30"sv;
    Server server(true);
    const auto call = [&server](std::uint32_t stream, std::string_view asked, std::string_view answer,
                                std::string_view end) {
        server.received(frame(FrameType::kHeaders, kEndHeaders | kEndStream, stream, asked));
        server.sent(frame(FrameType::kHeaders, kEndHeaders, stream, answer));
        server.sent(frame(FrameType::kHeaders, kEndHeaders | kEndStream, stream, end));
    };
    call(7, kHidden, "\x88\xbf"sv, "\xbe"sv);
    call(9, kSpelled, kAnswer, kTrailers);
    call(11, kHidden, "\x88\xbf"sv, "\xbe"sv);
    EXPECT_EQ(server.uses(), (Uses{"POST {unknown} 200", "shop.Orders/Get ok", "shop.Orders/Get ok"}));
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2Gaps, of_a_call_whose_names_are_hidden_the_outcome_is_unknown) {
    Server server(true);
    const Fields hidden{{":method", "POST"}, {":scheme", "http"}, {"content-type", "application/grpc"}};
    const Fields trailers{{"grpc-status", "5"}};
    server.client.block(hidden);
    server.server.block(trailers);
    server.request(9, hidden);
    server.respond(9, status("200"), false);
    server.respond(9, trailers);
    EXPECT_EQ(server.last().outcome, Outcome::kUnknown);
    EXPECT_EQ(server.uses(), Uses{"POST {unknown} 200"});
}

TEST(Http2Gaps, a_call_whose_names_are_hidden_is_told_by_its_messages_and_trailers) {
    const Fields hidden{{":method", "POST"}, {":scheme", "http"}, {"content-type", "application/grpc"}};
    const Fields trailers{{"grpc-status", "5"}};
    struct Shape {
        std::string_view body;
        bool trailed = true;
        std::string_view use;
    };
    for (const Shape& shape :
         {Shape{"\0\0\0\0\2ab"sv, true, "{unknown} unknown"}, Shape{"\1\0\0\0\0"sv, true, "{unknown} unknown"},
          Shape{"\0\0\0\0\2ab"sv, false, "POST {unknown} 200"}, Shape{"\0\0\0\0\3ab"sv, true, "POST {unknown} 200"},
          Shape{"\2\0\0\0\2ab"sv, true, "POST {unknown} 200"}, Shape{"\0\0\0"sv, true, "POST {unknown} 200"},
          Shape{"{}"sv, true, "POST {unknown} 200"}}) {
        Server server(true);
        server.client.block(hidden);
        server.server.block(trailers);
        server.request(9, hidden, false);
        server.received(data(9, shape.body, true));
        if (shape.trailed) server.respond(9, status("200"), false);
        server.respond(9, shape.trailed ? trailers : status("200"));
        EXPECT_EQ(server.uses(), Uses{std::string(shape.use)}) << shape.body;
        EXPECT_TRUE(server.all_accounted());
    }
    Server server(true);
    server.client.block(hidden);
    server.server.block(trailers);
    server.request(9, hidden, false);
    server.received(data(9, "\0\0\0\4\0"sv, false));
    server.received(data(9, std::string(1024, 'x'), true));
    server.respond(9, status("200"), false);
    server.respond(9, trailers);
    EXPECT_EQ(server.last().kind, Kind::kGrpc);
    EXPECT_EQ(server.last().outcome, Outcome::kUnknown);
}

TEST(Http2Gaps, responses_to_requests_from_before_are_counted_as_such) {
    Server server(true);
    server.respond(5, status("200"));
    server.respond(3, status("200"), false);
    server.request(7, get("/first"));
    server.sent(data(3, "x", true));
    server.respond(7, status("200"));
    server.respond(1, status("200"));
    EXPECT_EQ(server.uses(), Uses{"GET /first 200"});
    EXPECT_EQ(server.sink.lost, (Lost{LostReason::kBeganBefore, LostReason::kBeganBefore, LostReason::kBeganBefore}));
}

TEST(Http2Gaps, a_late_reader_finds_its_feet_in_the_midst_of_a_body) {
    Server server(true);
    server.sent(std::string(3000, 'x'));
    server.received(frame(FrameType::kWindowUpdate, 0, 0, word(1000)) + headers(server.client, 9, get("/a"), true));
    server.sent("the rest of a body");
    server.sent(headers(server.server, 9, status("200"), true));
    EXPECT_EQ(server.uses(), Uses{"GET /a 200"});
}

TEST(Http2Gaps, a_gap_in_a_request_head_hides_its_name_and_the_table) {
    Server server;
    server.request(1, get("/one"));
    const std::string head =
        headers(server.client, 3, {{":method", "GET"}, {"x", std::string(50, 'x')}, {":path", "/two"}}, true);
    server.truncated(kIn, std::string_view(head).substr(0, 20), head.size() - 20, {});
    server.received(headers(server.client, 5, get("/three"), true));
    for (const std::uint32_t stream : {1, 3, 5}) server.respond(stream, status("200"));
    EXPECT_EQ(server.uses(), (Uses{"GET /one 200", "GET {unknown} 200", "GET /three 200"}));
}

TEST(Http2Gaps, requests_in_a_gap_are_lost_by_their_number_and_others_keep_their_response) {
    Server server;
    server.request(1, get("/one"));
    server.gap(kIn, 60);
    server.received(headers(server.client, 9, get("/two"), true));
    for (const std::uint32_t stream : {3, 1, 5, 9, 7}) server.respond(stream, status("200"));
    EXPECT_EQ(server.uses(), (Uses{"GET /one 200", "GET /two 200"}));
    EXPECT_EQ(server.sink.lost, Lost(3, LostReason::kGap));
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2Gaps, responses_tell_of_requests_in_a_gap_too) {
    Server server;
    server.request(1, get("/one"));
    server.gap(kIn, 60);
    for (const std::uint32_t stream : {3, 1, 5}) server.respond(stream, status("200"));
    server.received(headers(server.client, 7, get("/two"), true));
    server.respond(7, status("200"));
    EXPECT_EQ(server.uses(), (Uses{"GET /one 200", "GET /two 200"}));
    EXPECT_EQ(server.sink.lost, Lost(2, LostReason::kGap));
}

TEST(Http2Gaps, a_request_body_that_may_have_ended_in_a_gap_has) {
    Server server;
    server.request(1, {{":method", "POST"}, {":path", "/upload"}}, false);
    server.received(data(1, "some", false));
    server.gap(kIn, 500);
    server.respond(1, status("201"));
    EXPECT_EQ(server.uses(), Uses{"POST /upload 201"});
}

TEST(Http2Gaps, responses_that_may_have_ended_in_a_gap_are_lost_unless_they_go_on) {
    Server server;
    for (const std::uint32_t stream : {1, 3, 5}) server.request(stream, get("/" + std::to_string(stream)));
    server.respond(3, status("200"), false);
    server.gap(kOut, 500);
    server.sent(data(3, "x", true));
    server.respond(5, {{":status", "204"}});
    server.close();
    EXPECT_EQ(server.uses(), (Uses{"GET /3 200", "GET /5 204"}));
    EXPECT_EQ(server.sink.lost, Lost{LostReason::kGap});
}

TEST(Http2Gaps, responses_that_passed_out_of_step_are_no_errors_of_the_connections_end) {
    Server server;
    server.request(1, get("/1"));
    server.gap(kOut, 500);
    server.request(3, get("/3"));
    server.sent("the middle of a body, and what comes behind it");
    server.request(5, get("/5"));
    server.close();
    EXPECT_EQ(server.uses(), Uses{"GET /5 - closed"});
    EXPECT_EQ(server.sink.lost, Lost(2, LostReason::kGap));
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2Gaps, a_response_that_comes_before_its_request_is_known_to_be_lost_is_lost_with_it) {
    Server server;
    server.request(1, get("/1"));
    server.respond(1, status("200"));
    server.respond(3, status("200"));
    server.gap(kIn, 500);  // which carried the request of 3, and that of 5
    server.request(7, get("/7"));
    server.respond(7, status("200"));
    server.close();
    EXPECT_EQ(server.uses(), (Uses{"GET /1 200", "GET /7 200"}));
    EXPECT_EQ(server.sink.lost, Lost(2, LostReason::kGap));
    EXPECT_TRUE(server.all_accounted());
}

TEST(Http2Gaps, the_captured_end_of_a_long_call_is_read) {
    Server server;
    server.request(1, get("/large"));
    server.respond(1, status("200"), false);
    const std::string call =
        data(1, std::string(16384, 'x'), false) + data(1, std::string(16384, 'y'), false) + data(1, "", true);
    const std::string_view bytes = call;
    server.truncated(kOut, bytes.substr(0, 16384), bytes.size() - 16384 - 64, bytes.substr(bytes.size() - 64));
    EXPECT_EQ(server.uses(), Uses{"GET /large 200"});
    EXPECT_TRUE(server.sink.lost.empty());
}

TEST(Http2Gaps, whatever_is_lost_started_is_used_and_lost) {
    Server server;
    server.gap(kIn, 10);
    server.gap(kOut, 10);
    server.respond(1, status("200"));
    server.request(9, get("/a"));
    server.gap(kOut, 10);
    server.close();
    EXPECT_TRUE(server.all_accounted());
    Wire unseen;
    unseen.gap(kIn, 100);
    Encoder encoder;
    unseen.received(headers(encoder, 5, get("/a"), true));
    unseen.close();
    EXPECT_EQ(unseen.uses(), Uses{"GET /a - closed"});
    EXPECT_EQ(unseen.sink.lost, Lost(2, LostReason::kGap));
}

}  // namespace
}  // namespace footfall::http2
