// Bytes that pass unseen, and connections that were open before footfall came.
#include <chrono>

#include "tests/unit/http1/harness.h"

namespace footfall::http1 {
namespace {

constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

// The reader is in step: one more exchange is counted as it was.
void expect_in_step(Wire& wire) {
    const std::size_t before = wire.sink.seen.size();
    wire.received(get("/in-step"));
    wire.sent("HTTP/1.1 299 Z\r\nContent-Length: 3\r\n\r\nabc");
    ASSERT_EQ(wire.sink.seen.size(), before + 1);
    EXPECT_EQ(wire.uses().back(), "GET /in-step 299");
    EXPECT_TRUE(wire.all_accounted());
}

// Whose a response is was in doubt: one more exchange is lost until all was answered twice.
void expect_in_step_again(Wire& wire) {
    const std::size_t before = wire.sink.lost.size();
    wire.received(get("/doubted"));
    wire.sent(ok("doubted"));
    EXPECT_EQ(wire.sink.lost.size(), before + 1);
    expect_in_step(wire);
}

TEST(Gaps, in_bodies_of_known_length_count_as_their_bytes) {
    Wire wire;
    wire.truncated(kIn, "POST /up HTTP/1.1\r\nContent-Length: 10000\r\n\r\n0123456789", 9926, std::string(64, 'z'));
    wire.truncated(kOut, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 400, "");
    wire.gap(kOut, 100);
    ASSERT_EQ(wire.uses(), Uses{"POST /up 200"});
    EXPECT_EQ(wire.last().bytes_in, 44U + 10000U);
    EXPECT_EQ(wire.last().bytes_out, 40U + 500U);
    EXPECT_EQ(wire.last().end.nanoseconds, 30U);
    expect_in_step(wire);
}

TEST(Gaps, of_gigabytes_take_no_time) {
    constexpr std::uint64_t kLength = 10'000'000'000;
    const auto start = std::chrono::steady_clock::now();
    Wire wire;
    wire.received(get("/big"));
    wire.sent("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kLength) + "\r\n\r\n");
    wire.gap(kOut, kLength);
    wire.received(get("/chunk"));
    wire.sent(std::string(kChunkedHead) + "2540be400\r\n");
    wire.gap(kOut, kLength);
    wire.sent("\r\n0\r\n\r\n");
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
    ASSERT_EQ(wire.uses(), (Uses{"GET /big 200", "GET /chunk 200"}));
    EXPECT_EQ(wire.last().bytes_out, kChunkedHead.size() + 11 + kLength + 7);
    expect_in_step(wire);
}

TEST(Gaps, inside_a_chunk_keep_the_framing) {
    for (const std::uint64_t gap : {1U, 99U, 100U}) {
        Wire wire;
        wire.received(get("/a"));
        wire.sent(std::string(kChunkedHead) + "64\r\n");
        wire.gap(kOut, gap);
        wire.sent(std::string(100 - gap, 'x') + "\r\n3\r\nabc\r\n0\r\n\r\n");
        ASSERT_EQ(wire.uses(), Uses{"GET /a 200"}) << gap;
        expect_in_step(wire);
    }
}

TEST(Gaps, over_a_chunk_border_end_at_the_terminal_chunk) {
    const std::string tail = std::string(57, 'y') + "\r\n0\r\n\r\n";
    Wire wire;
    wire.received(get("/a"));
    wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, tail);
    ASSERT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.last().bytes_out, kChunkedHead.size() + 7 + 200 + 64);
    EXPECT_EQ(wire.last().outcome, Outcome::kOk);
    expect_in_step(wire);
}

TEST(Gaps, over_a_chunk_border_find_a_terminal_chunk_in_pieces) {
    const std::string_view tail = "yyyy\r\n0\r\n\r\n";
    for (std::size_t first = 1; first < tail.size(); ++first) {
        for (std::size_t second = first; second < tail.size(); ++second) {
            Wire wire;
            wire.received(get("/a"));
            wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, tail.substr(0, first));
            if (second > first) wire.sent(tail.substr(first, second - first));
            wire.sent(tail.substr(second));
            ASSERT_EQ(wire.uses(), Uses{"GET /a 200"}) << first << " " << second;
            expect_in_step(wire);
        }
    }
}

TEST(Gaps, over_a_chunk_border_end_at_a_terminal_chunk_of_its_own_after_another_gap) {
    Wire wire;
    wire.received(get("/a"));
    wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, "zz");
    wire.gap(kOut, 500);
    wire.sent("0\r\n\r\n");
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    expect_in_step(wire);
}

TEST(Gaps, over_a_chunk_border_are_not_ended_by_what_only_looks_like_the_end) {
    Wire wire;
    wire.received(get("/a"));
    wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, "a\r\n0\r\n\r\nb");
    wire.sent("HTTP/1.1 200 OK\r\n in the body");
    EXPECT_TRUE(wire.uses().empty());
    wire.sent("pieces on both sides of a gap\r\n0\r\n");
    wire.truncated(kOut, "", 500, "\r\n");
    EXPECT_TRUE(wire.uses().empty());
    wire.sent("c\r\n0\r\n\r\n");
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    expect_in_step(wire);
}

TEST(Gaps, over_a_chunk_border_end_where_the_next_response_starts) {
    Wire wire;
    wire.received(get("/a"));
    wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, "zz");  // 20
    wire.received(get("/b"));
    wire.sent("HTTP/1.1 404 No\r\nContent-Length: 1\r\n\r\nx");
    ASSERT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 404"}));
    EXPECT_EQ(wire.sink.seen[0].exchange.end.nanoseconds, 20U);
    EXPECT_EQ(wire.sink.seen[0].exchange.bytes_out, kChunkedHead.size() + 7 + 200 + 2);
    expect_in_step(wire);
}

TEST(Gaps, over_a_chunk_border_leave_the_next_message_of_the_same_call_whole) {
    Wire wire;
    wire.received(get("/a") + get("/b"));
    wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, "zz\r\n0\r\n\r\n" + ok(""));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200"}));
    expect_in_step(wire);
}

TEST(Gaps, in_a_chunked_request_end_at_the_terminal_chunk_or_the_next_request) {
    const std::string head = "POST /up HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab";
    Wire wire;
    wire.truncated(kIn, head, 1000, "y\r\n0\r\n\r\n");
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses(), Uses{"POST /up 200"});
    wire.truncated(kIn, head, 1000, "yyyy");
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses().size(), 1U);
    wire.received(get("/next"));
    EXPECT_EQ(wire.uses(), Uses(2, "POST /up 200"));
    EXPECT_EQ(wire.last().bytes_in, head.size() + 1004);
    wire.sent(ok(""));
    EXPECT_EQ(wire.uses().back(), "GET /next 200");
    expect_in_step(wire);
}

TEST(Gaps, in_an_unframed_body_that_is_closed_count_by_status) {
    Wire wire;
    wire.received(get("/a"));
    wire.truncated(kOut, std::string(kChunkedHead) + "64\r\nabc", 200, "zz");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
}

TEST(Gaps, in_a_body_until_close_are_part_of_it) {
    Wire wire;
    wire.received(get("/a"));
    wire.truncated(kOut, "HTTP/1.0 200 OK\r\n\r\n", 5000, "tail");
    wire.close();
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.last().bytes_out, 19U + 5000U + 4U);
}

TEST(Gaps, in_a_requests_head_lose_it_with_its_response) {
    for (const char* start : {"GET /a", "GET /a HTTP/1.1\r\nCookie: "}) {
        Wire wire;
        wire.received(get("/first"));
        wire.sent(ok(""));
        wire.truncated(kIn, start, 6000, "x\r\n\r\n");
        wire.sent(ok("x"));
        EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
        expect_in_step(wire);
    }
}

TEST(Gaps, in_the_first_requests_head_lose_it_once_the_role_is_known) {
    Wire wire;
    wire.gap(kIn, 300);
    wire.sent(ok("x"));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    expect_in_step(wire);
    Wire early;
    early.sent(get("/a"));
    early.gap(kIn, 300);
    early.received("more");
    EXPECT_EQ(early.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(early.all_accounted());
}

TEST(Gaps, in_a_responses_head_lose_the_exchange) {
    for (const char* start : {"", "HTTP/1.", "HTTP/1.1 200 OK\r\nConte"}) {
        Wire wire;
        wire.received(get("/a"));
        wire.truncated(kOut, start, 6000, "HTTP/1.1 200 OK\r\n\r\n");
        EXPECT_TRUE(wire.uses().empty()) << start;
        EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap}) << start;
        expect_in_step(wire);
    }
}

TEST(Gaps, never_pair_a_response_with_the_request_before) {
    Wire response_lost;
    response_lost.received(get("/a"));
    response_lost.received(get("/b"));
    response_lost.gap(kOut, 200);
    response_lost.sent(ok("b"));
    EXPECT_EQ(response_lost.uses(), Uses{"GET /b 200"});
    EXPECT_EQ(response_lost.sink.lost, Lost{LostReason::kGap});
    expect_in_step(response_lost);

    Wire response_and_request_lost;
    response_and_request_lost.received(get("/a"));
    response_and_request_lost.gap(kOut, 200);
    response_and_request_lost.sent(ok("b"));
    response_and_request_lost.gap(kIn, 50);
    EXPECT_TRUE(response_and_request_lost.uses().empty());
    EXPECT_EQ(response_and_request_lost.sink.lost, Lost(2, LostReason::kGap));
    expect_in_step(response_and_request_lost);

    Wire request_lost;
    request_lost.received(get("/a"));
    request_lost.sent(ok("a"));
    request_lost.sent(ok("b"));
    request_lost.gap(kIn, 50);
    expect_in_step(request_lost);
    EXPECT_EQ(request_lost.sink.lost, Lost{LostReason::kGap});
    EXPECT_EQ(request_lost.uses(), (Uses{"GET /a 200", "GET /in-step 299"}));

    Wire both_then_a_request;
    both_then_a_request.received(get("/a"));
    both_then_a_request.gap(kIn, 50);
    both_then_a_request.received(get("/c"));
    both_then_a_request.gap(kOut, 400);
    both_then_a_request.sent(ok("c"));
    EXPECT_EQ(both_then_a_request.uses(), Uses{"GET /c 200"});
    EXPECT_EQ(both_then_a_request.sink.lost, Lost(2, LostReason::kGap));
    expect_in_step(both_then_a_request);
}

TEST(Gaps, between_pipelined_requests_never_give_the_response_of_a_lost_one_to_the_next) {
    const std::string failed = "HTTP/1.1 404 C\r\nContent-Length: 0\r\n\r\n";
    Wire wire;
    wire.received(get("/a"));
    wire.gap(kIn, 500);  // /b, /c, /d
    wire.received(get("/e"));
    wire.sent(ok("a") + ok("b") + failed);
    wire.received(get("/f"));  // when all that was seen is answered
    wire.sent(failed + ok("e"));
    wire.sent(ok("f"));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.sink.lost, Lost(5, LostReason::kGap));  // b … f
    wire.received(get("/g"));
    wire.sent(ok("g"));
    EXPECT_EQ(wire.sink.lost.size(), 6U);
    expect_in_step(wire);
}

// A client that writes thousands at once: of the call only the front is captured.
TEST(Gaps, in_thousands_of_pipelined_requests_lose_each_that_is_answered) {
    constexpr std::size_t kSeen = 500;
    constexpr std::size_t kUnseen = 3000;
    std::string front;
    for (std::size_t i = 0; i < kSeen; ++i) front += get("/seen");
    const std::string request = get("/unseen");
    Wire wire;
    for (int round = 0; round < 3; ++round) {
        wire.truncated(kIn, front, kUnseen * request.size() - 64, request.substr(request.size() - 16));
        for (std::size_t i = 0; i < kSeen + kUnseen; i += 10) {
            std::string answers;
            for (int each = 0; each < 10; ++each) answers += ok("x");
            wire.sent(answers);
        }
    }
    EXPECT_EQ(wire.uses().size(), kSeen);  // of the first round; from then on it is in doubt
    EXPECT_EQ(wire.sink.lost.size(), 3 * (kSeen + kUnseen) - kSeen);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Gaps, of_responses_of_a_deep_pipeline_count_no_exchange_twice) {
    Wire wire;
    for (int i = 0; i < 100; ++i) wire.received(get("/a"));
    for (int i = 0; i < 40; ++i) wire.sent(ok("a"));
    wire.gap(kOut, 10 * ok("a").size());
    for (int i = 0; i < 50; ++i) wire.sent(ok("a"));
    EXPECT_EQ(wire.uses().size(), 40U);
    EXPECT_EQ(wire.sink.lost, Lost(60, LostReason::kGap));
    expect_in_step_again(wire);
}

TEST(Gaps, of_requests_count_those_that_were_answered_before_they_were_noticed) {
    Wire wire;
    wire.received(get("/a"));
    for (const char* body : {"a", "b", "c"}) wire.sent(ok(body));
    wire.gap(kIn, 100);
    EXPECT_EQ(wire.sink.lost, Lost(2, LostReason::kGap));
    expect_in_step(wire);
}

TEST(Gaps, at_the_end_leave_no_pipelined_request_an_error) {
    Wire wire;
    wire.received(get("/a") + get("/b"));
    wire.gap(kOut, 200);
    wire.close();
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.sink.lost, Lost(2, LostReason::kGap));
}

TEST(Gaps, that_carry_several_pipelined_requests_lose_each_by_its_response) {
    Wire wire;
    wire.received(get("/a"));
    wire.gap(kIn, 500);
    for (const char* body : {"a", "b", "c", "d"}) wire.sent(ok(body));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.sink.lost, Lost(3, LostReason::kGap));
    expect_in_step(wire);
}

TEST(Gaps, between_responses_of_a_deep_pipeline_lose_all_that_wait) {
    Wire wire;
    for (const char* target : {"/a", "/b", "/c", "/d"}) wire.received(get(target));
    wire.sent(ok("a"));
    wire.gap(kOut, 100);
    wire.sent(ok("d"));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.sink.lost, Lost(3, LostReason::kGap));
    expect_in_step_again(wire);
}

TEST(Gaps, that_reach_beyond_a_body_end_it_and_lose_what_follows) {
    Wire wire;
    wire.received(get("/a"));
    wire.sent("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc");
    wire.received(get("/b"));
    wire.gap(kOut, 250);
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.last().bytes_out, 140U);
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    expect_in_step(wire);
}

TEST(Gaps, a_request_after_responses_that_passed_out_of_step_gives_up_those_before) {
    Wire wire(true);
    wire.received(get("/a"));
    wire.sent("of another response");
    wire.received(get("/b"));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    wire.sent(ok("b"));
    EXPECT_EQ(wire.uses(), Uses{"GET /b 200"});
}

TEST(Gaps, are_no_errors_of_the_end_where_responses_passed_out_of_step) {
    for (const bool session : {false, true}) {
        Wire wire;
        wire.received(get("/a"));
        wire.gap(kOut, 100);
        wire.received(get("/b") + get("/c"));
        wire.gap(kOut, 100);
        if (session) {
            wire.session_end();
        } else {
            wire.close();
        }
        EXPECT_TRUE(wire.uses().empty());
        EXPECT_EQ(wire.sink.lost, Lost(3, LostReason::kGap));
        EXPECT_TRUE(wire.all_accounted());
    }
}

TEST(LateAttach, stays_silent_until_a_message_starts_like_a_request) {
    Wire wire(true);
    wire.received("t of a body\r\nGET /no HTTP/1.1\r\n\r\n");
    wire.received("GET /incomplete");
    wire.sent("ml></html>");
    EXPECT_TRUE(wire.sink.lost.empty());
    expect_in_step(wire);
}

TEST(LateAttach, a_back_piece_is_no_start) {
    Wire wire(true);
    wire.truncated(kIn, "body", 5000, get("/no"));
    wire.sent(ok("x"));
    EXPECT_TRUE(wire.uses().empty());
}

TEST(LateAttach, responses_to_requests_from_before_are_lost_by_name) {
    Wire wire(true);
    wire.sent(ok("a"));
    wire.sent("HTTP/1.1 100 Continue\r\n\r\n");
    wire.sent(ok("b"));
    EXPECT_EQ(wire.sink.lost, Lost(2, LostReason::kBeganBefore));
    EXPECT_TRUE(wire.uses().empty());
    expect_in_step(wire);
    wire.sent(ok("unasked"));
    EXPECT_EQ(wire.sink.lost.size(), 2U);
}

TEST(LateAttach, a_head_response_from_before_does_not_swallow_the_next_one) {
    Wire wire(true);
    wire.sent("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    expect_in_step(wire);
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kBeganBefore});
}

TEST(LateAttach, in_the_middle_of_a_response_byte_by_byte_is_nothing_but_that) {
    for (const std::string_view rest : {"llo", "o\r\nHTTP/1.0 is old", "HTTP/1.1 20"}) {
        Wire wire(true);
        wire.one_by_one(kOut, rest);  // of a body
        for (const char* target : {"/a", "/b", "/c"}) {
            wire.received(get(target));
            wire.one_by_one(kOut, ok("hello"));
        }
        wire.close();
        EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /b 200", "GET /c 200"})) << rest;
        EXPECT_TRUE(wire.sink.lost.empty());
        EXPECT_TRUE(wire.all_accounted());
        EXPECT_LT(wire.last().first_byte.nanoseconds, wire.last().end.nanoseconds - 10 * 30);
        EXPECT_EQ(wire.last().bytes_out, ok("hello").size());
    }
}

TEST(LateAttach, both_ends_byte_by_byte_are_read_from_the_next_request_on) {
    Wire wire(true);
    wire.one_by_one(kIn, "TE / HTTP/1.1\r\nHost: a\r\n\r\n");  // DELE…
    wire.one_by_one(kOut, ok("hello"));
    wire.one_by_one(kIn, "POST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nab");
    wire.one_by_one(kOut, ok("hello"));
    EXPECT_EQ(wire.uses(), Uses{"POST /b 200"});
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kBeganBefore});
    expect_in_step(wire);
}

TEST(Gaps, in_streams_byte_by_byte_end_with_the_next_message) {
    Wire wire;
    wire.one_by_one(kIn, get("/a"));
    wire.one_by_one(kOut, ok("a"));
    wire.one_by_one(kIn, get("/b").substr(0, 3));
    wire.gap(kIn, 1);
    wire.one_by_one(kIn, get("/b").substr(4));
    wire.one_by_one(kOut, ok("b"));
    wire.one_by_one(kIn, get("/c"));
    wire.one_by_one(kOut, ok("c"));
    EXPECT_EQ(wire.uses(), (Uses{"GET /a 200", "GET /c 200"}));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kGap});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(LateAttach, an_upgrade_from_before_is_a_tunnel) {
    Wire wire(true);
    wire.sent("HTTP/1.1 101 Switching\r\n\r\n");
    wire.received(get("/frame"));
    wire.close();
    EXPECT_TRUE(wire.uses().empty());
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kBeganBefore});
}

TEST(LateAttach, works_for_clients) {
    Wire wire(true);
    wire.received(ok("late"));
    EXPECT_EQ(wire.sink.lost, Lost{LostReason::kBeganBefore});
    wire.sent(get("/a"));
    wire.received(ok(""));
    EXPECT_EQ(wire.uses(), Uses{"GET /a 200"});
    EXPECT_EQ(wire.last().role, Role::kClient);
}

}  // namespace
}  // namespace footfall::http1
