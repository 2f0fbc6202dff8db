// Connections of one protocol that take turns, as the events of a busy server do: what an exchange costs from Event to
// Exchange.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/connections/connection_table.h"
#include "tests/fuzz/recorded_connection.h"

namespace footfall {

class CountingSink final : public ConnectionSink {
public:
    void on_exchange(const Exchange& exchange) override { bytes += exchange.bytes_out, used += exchange.count; }
    void on_lost(LostReason) override { ++lost; }
    void on_wrong_guess(ConnectionId, Protocol) override { ++lost; }
    void on_compressed(const ConnectionInfo&, Protocol, MonotonicTime) override { ++lost; }
    bool on_encrypted(const ConnectionInfo&, Protocol, MonotonicTime) override {
        ++lost;
        return true;
    }
    void on_no_more_blind(const ConnectionInfo&, BlindReason) override {}
    void on_stayed_blind(const ConnectionInfo&, BlindReason) override {}
    void on_gone(ConnectionId) override {}
    std::uint64_t used = 0;
    std::uint64_t lost = 0;
    std::uint64_t bytes = 0;
};

class ExchangeTraffic {
public:
    ExchangeTraffic(Protocol protocol, std::uint64_t connections)
        : protocol_(protocol), table_(sink), streams_(connections) {
        for (std::uint64_t i = 0; i < connections; ++i) {
            ConnectionSeen seen;
            seen.connection = ConnectionId{i + 1};
            table_.on(seen);
        }
    }

    [[nodiscard]] std::uint64_t connections() const { return streams_.size(); }
    void next_connection() { turn_ = turn_ + 1 == streams_.size() ? 0 : turn_ + 1; }
    void received(std::string_view bytes) { send(Direction::kReceived, bytes, streams_[turn_].received); }
    void sent(std::string_view bytes) { send(Direction::kSent, bytes, streams_[turn_].sent); }

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
        message.protocol = protocol_;
        message.position = position;
        message.length = static_cast<std::uint32_t>(bytes.size());
        message.front = bytes;
        position += bytes.size();
        table_.on(message);
    }

    Protocol protocol_;
    ConnectionTable table_;
    std::vector<Positions> streams_;
    std::uint64_t turn_ = 0;
    std::uint64_t time_ = 0;
};

// What was said on a recorded connection, again and again.
inline void replay_recorded(benchmark::State& state, Protocol protocol, const std::vector<RecordedMessage>& messages) {
    ExchangeTraffic traffic(protocol, static_cast<std::uint64_t>(state.range(0)));
    for (auto _ : state) {
        traffic.next_connection();
        for (const RecordedMessage& message : messages) {
            message.direction == Direction::kReceived ? traffic.received(message.bytes) : traffic.sent(message.bytes);
        }
    }
    if (traffic.sink.used == 0 || traffic.sink.lost != 0) state.SkipWithError("not every exchange was used");
    state.SetItemsProcessed(static_cast<std::int64_t>(traffic.sink.used));
}

}  // namespace footfall
