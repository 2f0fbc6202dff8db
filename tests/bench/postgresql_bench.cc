// What one PostgreSQL exchange costs from Event to Exchange: connection table, stream, reader, with the bytes of pgbench -S.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/connections/connection_table.h"

namespace footfall {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

std::string message(char type, std::string_view body) {
    const auto length = static_cast<std::uint32_t>(body.size() + 4);
    return type +
           std::string{static_cast<char>(length >> 24U), static_cast<char>(length >> 16U & 0xFFU),
                       static_cast<char>(length >> 8U & 0xFFU), static_cast<char>(length & 0xFFU)} +
           std::string(body);
}

const std::string kStartup = "\0\0\0\x29\0\3\0\0user\0postgres\0database\0postgres\0\0"s;
const std::string kGreeting = message('R', "\0\0\0\0"sv) + message('K', "\0\0\0\1\0\0\0\2"sv) + message('Z', "I");
const std::string kAnswer = message('T', "\0\1abalance\0\0\0\x40\1\0\3\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"sv) +
                            message('D',
                                    "\0\1\0\0\0\1"
                                    "0"sv) +
                            message('C', "SELECT 1\0"sv) + message('Z', "I");

class CountingSink final : public ConnectionSink {
public:
    void on_exchange(const Exchange& exchange) override { bytes += exchange.bytes_out, ++used; }
    void on_lost(LostReason) override { ++lost; }
    void on_wrong_guess(ConnectionId, Protocol) override { ++lost; }
    void on_encrypted(const ConnectionInfo&, Protocol, MonotonicTime) override { ++lost; }
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    std::uint64_t bytes = 0;
};

// Connections that take turns, as the events of a busy server do.
class Traffic {
public:
    Traffic(std::uint64_t connections, std::string_view prepare, std::string_view prepared)
        : table_(sink), streams_(connections) {
        for (std::uint64_t i = 0; i < connections; ++i) {
            ConnectionSeen seen;
            seen.connection = ConnectionId{i + 1};
            table_.on(seen);
        }
        for (std::uint64_t i = 0; i < connections; ++i) {
            exchange(kStartup, kGreeting);
            send(Direction::kReceived, prepare, streams_[turn_].received);
            send(Direction::kSent, prepared, streams_[turn_].sent);
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
        if (bytes.empty()) return;
        Message message;
        message.time = {++time_};
        message.connection = ConnectionId{turn_ + 1};
        message.direction = direction;
        message.protocol = Protocol::kPostgresql;
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

void run(benchmark::State& state, Traffic& traffic, std::string_view request, std::string_view response) {
    for (auto _ : state) traffic.exchange(request, response);
    if (traffic.sink.used != static_cast<std::uint64_t>(state.iterations()) || traffic.sink.lost != 0) {
        state.SkipWithError("not every exchange was counted once");
    }
    state.SetItemsProcessed(state.iterations());
}

void bm_simple(benchmark::State& state) {
    Traffic traffic(static_cast<std::uint64_t>(state.range(0)), {}, {});
    run(state, traffic, message('Q', "SELECT abalance FROM pgbench_accounts WHERE aid = 71493;\0"sv), kAnswer);
}
BENCHMARK(bm_simple)->Arg(1)->Arg(64)->Arg(4096);

void bm_prepared(benchmark::State& state) {
    const std::string parse =
        message('P', "P_0\0SELECT abalance FROM pgbench_accounts WHERE aid = $1;\0\0\0"sv) + message('S', {});
    Traffic traffic(static_cast<std::uint64_t>(state.range(0)), parse, message('1', {}) + message('Z', "I"));
    const std::string execute = message('B',
                                        "\0P_0\0\0\0\0\1\0\0\0\5"
                                        "71493\0\1\0\0"sv) +
                                message('D', "P\0"sv) + message('E', "\0\0\0\0\0"sv) + message('S', {});
    run(state, traffic, execute, message('2', {}) + kAnswer);
}
BENCHMARK(bm_prepared)->Arg(1)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace footfall
