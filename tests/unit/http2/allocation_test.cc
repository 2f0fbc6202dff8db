// Memory: a warm connection allocates nothing per exchange, and an idle one is small.
#include "tests/unit/http2/harness.h"
#include "tests/unit/support/allocation_counter.h"

namespace footfall::http2 {
namespace {

// The literal of a path that goes into the table, as Go's and gRPC's clients send it.
std::string indexed_path(std::string_view path) {
    return std::string("\x83\x86\x44") + static_cast<char>(path.size()) + std::string(path);
}

// By what comes after the first 600 of requests and responses in turn.
std::size_t allocations_once_warm(Http2Reader& reader, const std::vector<std::string>& pieces) {
    std::size_t before = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (i == 600) before = allocations;
        reader.on_bytes(i % 2 == 0 ? kIn : kOut, pieces[i], true, {{i + 1}, Pid{1}, Tid{1}});
    }
    return allocations - before;
}

TEST(Http2Allocation, a_warm_connection_allocates_nothing) {
    SilentSink sink;
    Http2Reader reader({ConnectionId{1}, false, &sink});
    Encoder responses;
    reader.on_bytes(kIn, std::string(kPreface) + settings(), true, {});
    std::vector<std::string> pieces;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const std::string path = "/orders/of/some/length/" + std::to_string(i);
        pieces.push_back(frame(FrameType::kHeaders, kEndHeaders | kEndStream, 2 * i + 1, indexed_path(path)));
        pieces.push_back(headers(responses, 2 * i + 1, status("200"), false) + data(2 * i + 1, "hello", true));
    }
    EXPECT_EQ(allocations_once_warm(reader, pieces), 0U);
    EXPECT_EQ(sink.used, 1000U);
}

TEST(Http2Allocation, nor_does_looking_for_what_bodies_call) {
    SilentSink sink;
    Http2Reader reader({ConnectionId{1}, false, &sink});
    reader.on_bytes(kIn, std::string(kPreface) + settings(), true, {});
    const std::string body = R"({"jsonrpc":"2.0","method":"store","id":1})";
    std::vector<std::string> pieces;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        pieces.push_back(frame(FrameType::kHeaders, kEndHeaders, 2 * i + 1, "\x83\x86\x84") +
                         data(2 * i + 1, body.substr(0, 20), false) + data(2 * i + 1, body.substr(20), true));
        pieces.push_back(frame(FrameType::kHeaders, kEndHeaders | kEndStream, 2 * i + 1, "\x88"));
    }
    EXPECT_EQ(allocations_once_warm(reader, pieces), 0U);
    EXPECT_EQ(sink.used, 1000U);
}

TEST(Http2Allocation, what_a_burst_took_is_given_back_after_it) {
    OpenStreams streams;
    for (std::uint32_t i = 0; i < 100; ++i) streams.open(2 * i + 1);
    for (std::uint32_t i = 0; i < 100; ++i) streams.close(*streams.find(2 * i + 1));
    EXPECT_EQ(streams.slots(), 100U);  // another one may come
    streams.close(streams.open(201));
    EXPECT_EQ(streams.slots(), 0U);
    streams.close(streams.open(203));
    EXPECT_EQ(streams.slots(), 1U);
}

TEST(Http2Allocation, a_reader_is_small) { EXPECT_LE(sizeof(Http2Reader), 1024U); }

}  // namespace
}  // namespace footfall::http2
