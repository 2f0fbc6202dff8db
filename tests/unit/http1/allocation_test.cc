// Memory: a warm connection allocates nothing per exchange.
#include "tests/unit/http1/harness.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::http1 {
namespace {

TEST(Allocation, a_warm_connection_allocates_nothing) {
    SilentSink sink;
    Http1Reader reader({ConnectionId{1}, false, &sink});
    const std::string requests = get("/orders/4711/items/of/some/length?page=2") + get("/" + std::string(200, 'a'));
    const std::string responses = ok("hello") + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    const auto exchange = [&](std::uint64_t time) {
        const Stamp stamp{{time}, Pid{1}, Tid{1}};
        reader.on_bytes(kIn, std::string_view(requests).substr(0, 20), true, stamp);  // a start line in two pieces
        reader.on_bytes(kIn, std::string_view(requests).substr(20), true, stamp);
        reader.on_bytes(kOut, responses, true, stamp);
    };
    for (std::uint64_t i = 1; i < 10; ++i) exchange(i);
    const std::size_t before = allocations;
    for (std::uint64_t i = 10; i < 1000; ++i) exchange(i);
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(sink.used, 2 * 999U);
}

TEST(Allocation, nor_does_one_with_calls_of_grpc_web) {
    SilentSink sink;
    Http1Reader reader({ConnectionId{1}, false, &sink});
    const std::string request =
        "POST /a.B/C HTTP/1.1\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 2\r\n\r\nhi";
    const std::string response =
        "HTTP/1.1 200 OK\r\nContent-Type: application/grpc-web+proto\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\n\x80\r\n4\r\n" +
        std::string("\0\0\0\x0E", 4) + "\r\ne\r\ngrpc-status: 5\r\n0\r\n\r\n";
    std::size_t before = 0;
    for (std::uint64_t i = 1; i < 100; ++i) {
        if (i == 10) before = allocations;
        reader.on_bytes(kIn, request, true, {{i}, Pid{1}, Tid{1}});
        reader.on_bytes(kOut, response, true, {{i}, Pid{1}, Tid{1}});
    }
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(sink.used, 99U);
}

TEST(Allocation, a_reader_is_small) { EXPECT_LE(sizeof(Http1Reader) + sizeof(OpenExchange), 640U); }

}  // namespace
}  // namespace footfall::http1
