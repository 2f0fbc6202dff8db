// HTTP/1 connections that go on as HTTP/2 (h2c).
#include "agent/protocols/http1/http1_reader.h"
#include "tests/unit/http2/harness.h"

namespace footfall::http2 {
namespace {

constexpr std::string_view kAsk =
    "GET /first HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
    "AAMAAABk\r\n\r\n";
constexpr std::string_view kAgree = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

TEST(Upgrade, the_request_that_asked_for_http2_is_one_use_and_those_behind_it_too) {
    WireOf<http1::Http1Reader> wire;
    Encoder requests;
    Encoder responses;
    wire.received(kAsk);
    wire.sent(std::string(kAgree) + settings() + headers(responses, 1, status("200"), true));
    EXPECT_EQ(wire.uses(), Uses{"GET /first 200"});
    EXPECT_EQ(wire.last().begin.nanoseconds, 10U);
    wire.received(std::string(kPreface) + settings() + headers(requests, 3, get("/second"), true));
    wire.sent(headers(responses, 3, status("200"), true));
    EXPECT_EQ(wire.uses(), (Uses{"GET /first 200", "GET /second 200"}));
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Upgrade, for_a_client_too) {
    WireOf<http1::Http1Reader> wire;
    Encoder responses;
    wire.sent(kAsk);
    wire.received(kAgree);
    wire.sent(std::string(kPreface) + settings());
    wire.received(settings() + headers(responses, 1, status("404"), true));
    EXPECT_EQ(wire.uses(), Uses{"GET /first 404"});
    EXPECT_EQ(wire.last().role, Role::kClient);
}

TEST(Upgrade, what_is_cut_before_its_answer_is_an_error_of_its_end) {
    WireOf<http1::Http1Reader> wire;
    wire.received(kAsk);
    wire.sent(kAgree);
    wire.close(CloseReason::kReset);
    EXPECT_EQ(wire.uses(), Uses{"GET /first - reset"});
    EXPECT_TRUE(wire.all_accounted());
}

TEST(Upgrade, a_server_that_does_not_agree_goes_on_in_http1) {
    WireOf<http1::Http1Reader> wire;
    wire.received(kAsk);
    wire.sent("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_EQ(wire.uses(), Uses{"GET /first 200"});
}

}  // namespace
}  // namespace footfall::http2
