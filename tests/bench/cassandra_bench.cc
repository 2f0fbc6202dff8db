// Cassandra: a prepared insert and its answer, and all that a recorded client did.
#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

std::vector<RecordedMessage> recorded(const std::string& version) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "cassandra/" + version + "_statements");
}

void bm_cassandra_recorded(benchmark::State& state, const std::string& version) {
    replay_recorded(state, Protocol::kCassandra, recorded(version));
}

// An exchange in the midst of the recording, once the handshake is over.
void bm_cassandra_statement(benchmark::State& state) {
    const auto messages = recorded("v4");
    constexpr std::size_t kExecute = 14;
    replay_recorded(state, Protocol::kCassandra, {messages.begin() + kExecute, messages.begin() + kExecute + 2});
}
BENCHMARK(bm_cassandra_statement)->Arg(1)->Arg(64)->Arg(4096);
BENCHMARK_CAPTURE(bm_cassandra_recorded, v4, "v4")->Arg(64);

}  // namespace
}  // namespace footfall
