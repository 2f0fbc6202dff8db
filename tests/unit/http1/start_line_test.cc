#include "agent/protocols/http1/start_line.h"

#include <gtest/gtest.h>

namespace footfall::http1 {
namespace {

TEST(StartLine, request_line_has_a_method_a_target_and_a_version) {
    const auto line = parse_request_line("GET /a?b=c HTTP/1.1");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->method, "GET");
    EXPECT_EQ(line->target, "/a?b=c");
    EXPECT_EQ(parse_request_line("OPTIONS * HTTP/1.0")->target, "*");
    EXPECT_EQ(parse_request_line("X-PURGE!all http://a/b HTTP/1.1")->method, "X-PURGE!all");
}

TEST(StartLine, what_only_resembles_a_request_line_is_none) {
    for (const char* line :
         {"", "GET", "GET /", "GET / ", "GET / HTTP/2.0", "GET / HTTP/1.", "GET / HTTP/1.x", "GET  HTTP/1.1", " / HTTP/1.1",
          "GET /a b HTTP/1.1", "GET /\x01 HTTP/1.1", "G(T / HTTP/1.1", "GET / http/1.1"}) {
        EXPECT_FALSE(parse_request_line(line)) << line;
    }
    EXPECT_FALSE(parse_request_line(std::string(kMethodLimit + 1, 'A') + " / HTTP/1.1"));
}

TEST(StartLine, status_line_has_a_version_and_three_digits) {
    EXPECT_EQ(parse_status_line("HTTP/1.1 200 OK"), 200);
    EXPECT_EQ(parse_status_line("HTTP/1.0 404"), 404);
    EXPECT_EQ(parse_status_line("HTTP/1.1 299 "), 299);
}

TEST(StartLine, what_only_resembles_a_status_line_is_none) {
    for (const char* line : {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 2x0", "HTTP/1.1 099",
                             "HTTP/2 200", "HTTP/1.1  200", "ICY 200 OK"}) {
        EXPECT_FALSE(parse_status_line(line)) << line;
    }
}

}  // namespace
}  // namespace footfall::http1
