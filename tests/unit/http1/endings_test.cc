// Exchanges that are cut: by the end of their connection or of the session.
#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

struct Cut {
    CloseReason reason;
    const char* name;
};
constexpr Cut kCuts[] = {{CloseReason::kLocal, "closed"},
                         {CloseReason::kPeer, "closed"},
                         {CloseReason::kReset, "reset"},
                         {CloseReason::kTimeout, "timeout"}};

TEST(Endings, a_request_without_response_is_an_error_that_ends_with_the_close) {
    for (const Cut& cut : kCuts) {
        Wire wire;
        wire.received(get("/a"));
        wire.close(cut.reason);
        ASSERT_EQ(wire.uses(), Uses{std::string("GET /a - ") + cut.name});
        EXPECT_EQ(wire.last().outcome, Outcome::kError);
        EXPECT_FALSE(wire.last().first_byte.seen());
        EXPECT_EQ(wire.last().end.nanoseconds, 20U);
    }
}

TEST(Endings, a_response_cut_in_its_body_is_an_error_that_ends_with_its_last_byte) {
    for (const Cut& cut : kCuts) {
        Wire wire;
        wire.received(get("/a"));
        wire.sent("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
        wire.close(cut.reason);
        ASSERT_EQ(wire.uses(), Uses{std::string("GET /a 200 ") + cut.name});
        EXPECT_EQ(wire.last().outcome, Outcome::kError);
        EXPECT_EQ(wire.last().first_byte.nanoseconds, 20U);
        EXPECT_EQ(wire.last().end.nanoseconds, 20U);
        EXPECT_EQ(wire.last().bytes_out, 42U);
    }
}

TEST(Endings, a_response_cut_in_its_head_or_chunks_is_an_error) {
    for (const char* start :
         {"HTTP/1", "HTTP/1.1 200 OK\r\nConte", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"}) {
        Wire wire;
        wire.received(get("/a"));
        wire.sent(start);
        wire.close();
        ASSERT_EQ(wire.sink.seen.size(), 1U) << start;
        EXPECT_EQ(wire.sink.seen[0].error_type, "closed");
        EXPECT_EQ(wire.last().first_byte.nanoseconds, 20U);
        EXPECT_EQ(wire.last().bytes_out, std::string_view(start).size());
    }
}

TEST(Endings, every_pipelined_request_that_waits_is_cut) {
    Wire wire;
    wire.received(get("/a") + get("/b") + get("/c"));
    wire.sent(ok("a") + "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200 reset", "GET /c - reset"}));
}

TEST(Endings, an_incomplete_request_is_an_error_if_its_first_line_was_seen) {
    Wire head;
    head.received("GET /a HTTP/1.1\r\nHost");
    head.close(CloseReason::kTimeout);
    EXPECT_EQ(head.uses(), Uses{"GET /a - timeout"});
    EXPECT_EQ(head.last().bytes_in, 21U);
    Wire body;
    body.received("POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab");
    body.close();
    EXPECT_EQ(body.uses(), Uses{"POST /a - closed"});
    EXPECT_EQ(body.last().bytes_in, 41U);
    Wire line;
    line.received("GET /a HT");
    line.close();
    EXPECT_TRUE(line.uses().empty());
    EXPECT_EQ(line.sink.lost, Lost{LostReason::kUnparsable});
}

TEST(Endings, a_timeout_response_to_half_a_request_line_does_not_hide_the_loss) {
    Wire wire;
    wire.received(get("/a"));
    wire.sent(ok(""));
    wire.received("GET /b");
    wire.sent("HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnparsable});
}

TEST(Endings, a_client_that_reads_end_of_file_is_cut_at_once) {
    Wire wire;
    wire.sent(get("/a"));
    wire.end_of_stream(kIn);
    EXPECT_EQ(wire.uses(), Uses{"GET /a - closed"});
    wire.close();
    EXPECT_EQ(wire.uses().size(), 1U);
}

TEST(Endings, a_server_still_answers_a_client_that_has_shut_down_its_side) {
    Wire wire;
    wire.received(get("/a"));
    wire.end_of_stream(kIn);
    EXPECT_TRUE(wire.uses().empty());
    wire.sent(ok("x"));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
}

TEST(Endings, a_client_that_has_shut_down_in_its_body_has_finished_what_was_answered) {
    Wire wire;
    wire.received("POST /a HTTP/1.1\r\nContent-Length: 50\r\n\r\nab");
    wire.sent("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n");
    wire.end_of_stream(kIn);
    EXPECT_EQ(wire.uses(), Uses{"POST /a 400"});
}

TEST(Endings, an_idle_connection_closes_without_a_trace) {
    Wire wire;
    wire.received(get("/a"));
    wire.sent(ok(""));
    wire.end_of_stream(kIn);
    wire.close();
    EXPECT_EQ(wire.uses().size(), 1U);
    EXPECT_TRUE(wire.sink.lost.empty());
}

TEST(Endings, the_sessions_end_leaves_what_runs_unfinished) {
    for (const char* start : {"", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "HTTP/1.1 200 OK\r\nConte"}) {
        Wire wire;
        wire.received(get("/a"));
        wire.sent(start);
        wire.session_end();
        EXPECT_TRUE(wire.uses().empty()) << start;
        EXPECT_EQ(wire.sink.lost, Lost{LostReason::kUnfinished}) << start;
        EXPECT_TRUE(wire.all_accounted());
    }
    Wire line;
    line.received("GET /a");
    line.session_end();
    EXPECT_EQ(line.sink.lost, Lost{LostReason::kUnfinished});
}

TEST(Endings, the_sessions_end_hands_out_responses_that_are_complete_or_have_no_end) {
    Wire endless;
    endless.received(get("/events"));
    endless.sent("HTTP/1.1 200 OK\r\n\r\ndata: 1");
    endless.session_end();
    EXPECT_EQ(endless.uses(), Uses{"GET /events 200"});
    Wire early;
    early.received("POST /a HTTP/1.1\r\nContent-Length: 50\r\n\r\nab");
    early.sent(ok(""));
    early.session_end();
    EXPECT_EQ(early.uses(), Uses{"POST /a 200"});
    EXPECT_EQ(early.last().bytes_in, 42U);
}

// nginx, with the pieces and the order of its calls.
TEST(Endings, a_request_whose_line_is_too_long_has_its_status) {
    Wire wire;
    wire.received("GET /" + std::string(4091, 'a'));
    wire.sent("HTTP/1.1 414 Request-URI Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong");
    wire.end_of_stream(kOut);
    wire.received(std::string(1900, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    wire.close(CloseReason::kLocal);
    ASSERT_EQ(wire.sink.seen.size(), 1U);
    EXPECT_EQ(wire.last().status, 414);
    EXPECT_TRUE(wire.all_accounted());
}

}  // namespace
}  // namespace footfall::http1
