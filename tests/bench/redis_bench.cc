// Redis: what redis-benchmark sends, one command at a time and 16, and all that a recorded client did.
#include <string>

#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

constexpr std::string_view kGet = "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000042\r\n";
constexpr std::string_view kValue = "$3\r\nxxx\r\n";

std::string times(std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

void bm_redis_get(benchmark::State& state) {
    const auto depth = static_cast<std::size_t>(state.range(1));
    replay_recorded(state, Protocol::kRedis,
                    {{Direction::kReceived, times(depth, kGet)}, {Direction::kSent, times(depth, kValue)}});
}
BENCHMARK(bm_redis_get)
    ->ArgNames({"connections", "pipelined"})
    ->Args({1, 1})
    ->Args({64, 1})
    ->Args({64, 16})
    ->Args({4096, 1});

void bm_redis_recorded(benchmark::State& state) {
    replay_recorded(state, Protocol::kRedis,
                    recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "redis/commands"));
}
BENCHMARK(bm_redis_recorded)->Arg(1);

}  // namespace
}  // namespace footfall
