// What one HTTP exchange costs from Event to Exchange: connection table, stream, reader.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/connections/connection_table.h"

namespace footfall {
namespace {

constexpr std::string_view kRequest =
    "GET /index.html HTTP/1.1\r\n"
    "Host: 127.0.0.1:8080\r\n"
    "Accept: */*\r\n\r\n";
constexpr std::string_view kResponse =
    "HTTP/1.1 200 OK\r\n"
    "Server: nginx/1.22.1\r\n"
    "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Content-Type: text/html\r\n"
    "Content-Length: 12\r\n"
    "Last-Modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
    "Connection: keep-alive\r\n"
    "ETag: \"65920080-c\"\r\n"
    "Accept-Ranges: bytes\r\n\r\n"
    "hello world\n";

class CountingSink final : public ConnectionSink {
public:
    void on_exchange(const Exchange& exchange) override { bytes += exchange.bytes_out, ++used; }
    void on_lost(LostReason) override { ++lost; }
    void on_wrong_guess(ConnectionId, Protocol) override {}
    void on_compressed(const ConnectionInfo&, Protocol, MonotonicTime) override {}
    bool on_encrypted(const ConnectionInfo&, Protocol, MonotonicTime) override { return true; }
    void on_no_more_blind(const ConnectionInfo&, BlindReason) override {}
    void on_stayed_blind(const ConnectionInfo&, BlindReason) override {}
    void on_gone(ConnectionId) override {}
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    std::uint64_t bytes = 0;
};

// Keep-alive connections that take turns, as the events of a busy server do.
class Traffic {
public:
    explicit Traffic(std::uint64_t connections) : table_(sink), streams_(connections) {
        for (std::uint64_t i = 0; i < connections; ++i) {
            ConnectionSeen seen;
            seen.connection = ConnectionId{i + 1};
            table_.on(seen);
        }
    }

    void exchange(std::string_view request, std::string_view response) {
        turn_ = turn_ + 1 == streams_.size() ? 0 : turn_ + 1;
        send(Direction::kReceived, request, streams_[turn_].received);
        send(Direction::kSent, response, streams_[turn_].sent);
    }

    CountingSink sink;

private:
    struct Positions {
        std::uint64_t received = 0;
        std::uint64_t sent = 0;
    };

    void send(Direction direction, std::string_view bytes, std::uint64_t& position) {
        Message message;
        message.time = {++time_};
        message.connection = ConnectionId{turn_ + 1};
        message.direction = direction;
        message.protocol = Protocol::kHttp1;
        message.position = position;
        message.length = static_cast<std::uint32_t>(bytes.size());
        message.front = bytes;
        position += bytes.size();
        table_.on(message);
    }

    ConnectionTable table_;
    std::vector<Positions> streams_;
    std::uint64_t turn_ = 0;
    std::uint64_t time_ = 0;
};

void run(benchmark::State& state, std::string_view request, std::string_view response) {
    Traffic traffic(static_cast<std::uint64_t>(state.range(0)));
    for (auto _ : state) traffic.exchange(request, response);
    if (traffic.sink.used != static_cast<std::uint64_t>(state.iterations()) || traffic.sink.lost != 0) {
        state.SkipWithError("not every exchange was counted once");
    }
    state.SetItemsProcessed(state.iterations());
}

void bm_small_exchange(benchmark::State& state) { run(state, kRequest, kResponse); }
BENCHMARK(bm_small_exchange)->Arg(1)->Arg(64)->Arg(4096);

void bm_chunked_exchange(benchmark::State& state) {
    constexpr std::string_view kChunked =
        "HTTP/1.1 200 OK\r\n"
        "Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
        "Content-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
        "c\r\n{\"ok\": true}\r\n0\r\n\r\n";
    run(state, kRequest, kChunked);
}
BENCHMARK(bm_chunked_exchange)->Arg(64);

void bm_browser_exchange(benchmark::State& state) {
    const std::string request =
        "GET /orders/4711/items?page=2&size=50 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: " + std::string(110, 'u') +
        "\r\nAccept: " + std::string(80, 'a') + "\r\nCookie: " + std::string(400, 'c') +
        "\r\nAccept-Language: en\r\nConnection: keep-alive\r\n\r\n";
    run(state, request, kResponse);
}
BENCHMARK(bm_browser_exchange)->Arg(64);

}  // namespace
}  // namespace footfall
