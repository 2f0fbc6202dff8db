// MySQL: a query, and the execution of a prepared statement, each with its rows; and all that a recorded client did.
#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

std::vector<RecordedMessage> recorded(const char* name) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "mysql/" + name);
}

// The handshake of the recorded connection, then two messages of it again and again.
void repeat(benchmark::State& state, const char* name, std::size_t handshake, std::size_t request) {
    const std::vector<RecordedMessage> messages = recorded(name);
    ExchangeTraffic traffic(Protocol::kMysql, static_cast<std::uint64_t>(state.range(0)));
    const auto move = [&traffic](const RecordedMessage& message) {
        message.direction == Direction::kReceived ? traffic.received(message.bytes) : traffic.sent(message.bytes);
    };
    for (std::uint64_t i = 0; i < traffic.connections(); ++i) {
        traffic.next_connection();
        for (std::size_t at = 0; at < handshake; ++at) move(messages[at]);
    }
    const std::uint64_t before = traffic.sink.used;
    for (auto _ : state) {
        traffic.next_connection();
        move(messages[request]);
        move(messages[request + 1]);
    }
    const auto used = static_cast<std::int64_t>(traffic.sink.used - before);
    if (used != static_cast<std::int64_t>(state.iterations()) || traffic.sink.lost != 0)
        state.SkipWithError("not every exchange was used");
    state.SetItemsProcessed(used);
}

void bm_mysql_select(benchmark::State& state) { repeat(state, "text", 3, 15); }
BENCHMARK(bm_mysql_select)->Arg(1)->Arg(64)->Arg(4096);

void bm_mysql_execute(benchmark::State& state) { repeat(state, "prepared", 5, 5); }
BENCHMARK(bm_mysql_execute)->Arg(1)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace footfall
