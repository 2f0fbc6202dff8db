// What one exchange on HTTP/2 costs from Event to Exchange: connection table, stream, reader.
#include <benchmark/benchmark.h>
#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/connections/connection_table.h"

namespace footfall {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class CountingSink final : public ConnectionSink {
public:
    void on_exchange(const Exchange& exchange) override { bytes += exchange.bytes_out, ++used; }
    void on_lost(LostReason) override { ++lost; }
    void on_wrong_guess(ConnectionId, Protocol) override { ++lost; }
    void on_compressed(const ConnectionInfo&, Protocol, MonotonicTime) override { ++lost; }
    bool on_encrypted(const ConnectionInfo&, Protocol, MonotonicTime) override { return ++lost != 0; }
    void on_no_more_blind(const ConnectionInfo&, BlindReason) override {}
    void on_stayed_blind(const ConnectionInfo&, BlindReason) override {}
    void on_gone(ConnectionId) override {}
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    std::uint64_t bytes = 0;
};

class Encoder {
public:
    Encoder() { nghttp2_hd_deflate_new(&deflater_, 4096); }
    ~Encoder() { nghttp2_hd_deflate_del(deflater_); }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    std::string headers(std::uint32_t stream, const Fields& fields, bool end_stream) {
        std::vector<nghttp2_nv> values;
        for (const auto& [name, value] : fields) {
            values.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                              reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
                              NGHTTP2_NV_FLAG_NONE});
        }
        std::string block(nghttp2_hd_deflate_bound(deflater_, values.data(), values.size()), '\0');
        block.resize(static_cast<std::size_t>(nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<std::uint8_t*>(block.data()),
                                                                    block.size(), values.data(), values.size())));
        return frame(1, end_stream ? 5 : 4, stream, block);
    }
    static std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view body) {
        std::string out;
        for (const int shift : {16, 8, 0}) out += static_cast<char>(body.size() >> shift);
        out += static_cast<char>(type);
        out += static_cast<char>(flags);
        for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
        return out.append(body);
    }

private:
    nghttp2_hd_deflater* deflater_ = nullptr;
};

// The requests of `streams` streams in one call, their responses in another, as h2load -m and nghttpd send them.
struct Round {
    std::string requests;
    std::string responses;
};

class Traffic {
public:
    explicit Traffic(std::uint64_t connections) : table_(sink), positions_(connections) {
        for (std::uint64_t i = 0; i < connections; ++i) {
            ConnectionSeen seen;
            seen.connection = ConnectionId{i + 1};
            table_.on(seen);
        }
    }
    void play(std::uint64_t connection, const Round& round) {
        send(connection, Direction::kReceived, round.requests, positions_[connection].first);
        send(connection, Direction::kSent, round.responses, positions_[connection].second);
    }

    CountingSink sink;

private:
    void send(std::uint64_t connection, Direction direction, std::string_view bytes, std::uint64_t& position) {
        Message message;
        message.time = {++time_};
        message.connection = ConnectionId{connection + 1};
        message.direction = direction;
        message.protocol = Protocol::kHttp2;
        message.position = position;
        message.length = static_cast<std::uint32_t>(bytes.size());
        message.front = bytes;
        position += bytes.size();
        table_.on(message);
    }

    ConnectionTable table_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> positions_;
    std::uint64_t time_ = 0;
};

constexpr std::size_t kRounds = 64;  // made beforehand; a connection that has played them makes place for a new one

std::vector<Round> make_rounds(std::uint32_t streams, const Fields& request, const Fields& response,
                               const Fields& trailers) {
    Encoder client;
    Encoder server;
    std::vector<Round> rounds(kRounds);
    rounds.front().requests = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Encoder::frame(4, 0, 0, {});
    rounds.front().responses = Encoder::frame(4, 0, 0, {});
    std::uint32_t stream = 1;
    for (Round& round : rounds) {
        for (std::uint32_t i = 0; i < streams; ++i, stream += 2) {
            round.requests += client.headers(stream, request, trailers.empty());
            if (!trailers.empty()) round.requests += Encoder::frame(0, 1, stream, std::string(20, 'x'));
            round.responses += server.headers(stream, response, false);
            round.responses += Encoder::frame(0, trailers.empty() ? 1 : 0, stream, std::string(20, 'x'));
            if (!trailers.empty()) round.responses += server.headers(stream, trailers, true);
        }
    }
    return rounds;
}

void run(benchmark::State& state, const std::vector<Round>& rounds, std::uint64_t streams) {
    const auto connections = static_cast<std::uint64_t>(state.range(0));
    std::uint64_t exchanges = 0;
    while (state.KeepRunningBatch(static_cast<std::int64_t>(connections * kRounds * streams))) {
        Traffic traffic(connections);
        for (const Round& round : rounds) {
            for (std::uint64_t i = 0; i < connections; ++i) traffic.play(i, round);
        }
        if (traffic.sink.used != connections * kRounds * streams || traffic.sink.lost != 0) {
            state.SkipWithError("not every exchange was counted once");
        }
        exchanges += traffic.sink.used;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(exchanges));
}

const Fields kRequest{{":method", "GET"},
                      {":scheme", "http"},
                      {":authority", "127.0.0.1:8080"},
                      {":path", "/hello.txt"},
                      {"user-agent", "h2load nghttp2/1.52.0"}};
const Fields kResponse{{":status", "200"},
                       {"server", "nghttpd nghttp2/1.52.0"},
                       {"cache-control", "max-age=3600"},
                       {"date", "Sat, 28 Nov 2026 20:53:44 GMT"},
                       {"content-length", "20"},
                       {"last-modified", "Sat, 28 Nov 2026 20:52:57 GMT"},
                       {"content-type", "text/plain"}};

void bm_h2load_100_streams(benchmark::State& state) { run(state, make_rounds(100, kRequest, kResponse, {}), 100); }
BENCHMARK(bm_h2load_100_streams)->Arg(1)->Arg(64)->Arg(1024);

void bm_one_stream_at_a_time(benchmark::State& state) { run(state, make_rounds(1, kRequest, kResponse, {}), 1); }
BENCHMARK(bm_one_stream_at_a_time)->Arg(64);

void bm_grpc_unary_calls(benchmark::State& state) {
    const Fields call{{":scheme", "http"},
                      {":method", "POST"},
                      {":authority", "127.0.0.1:50051"},
                      {":path", "/footfall.test.Calls/Unary"},
                      {"te", "trailers"},
                      {"content-type", "application/grpc"},
                      {"user-agent", "grpc-c++/1.51.1 grpc-c/29.0.0 (linux; chttp2)"},
                      {"grpc-accept-encoding", "identity, deflate, gzip"}};
    const Fields answer{{":status", "200"}, {"content-type", "application/grpc"}, {"grpc-accept-encoding", "identity"}};
    run(state, make_rounds(20, call, answer, {{"grpc-status", "0"}}), 20);
}
BENCHMARK(bm_grpc_unary_calls)->Arg(64);

}  // namespace
}  // namespace footfall
