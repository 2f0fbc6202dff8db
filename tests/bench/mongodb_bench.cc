// MongoDB: one insert and its answer, and all that a recorded client did.
#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

std::vector<RecordedMessage> recorded() {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "mongodb/commands");
}

void bm_mongodb_insert(benchmark::State& state) {
    constexpr std::size_t kInsert = 6;
    const auto messages = recorded();
    replay_recorded(state, Protocol::kMongodb, {messages.begin() + kInsert, messages.begin() + kInsert + 2});
}
BENCHMARK(bm_mongodb_insert)->Arg(1)->Arg(64)->Arg(4096);

void bm_mongodb_recorded(benchmark::State& state) { replay_recorded(state, Protocol::kMongodb, recorded()); }
BENCHMARK(bm_mongodb_recorded)->Arg(64);

}  // namespace
}  // namespace footfall
