// memcached: a get of the text protocol, one at a time and 16, and the same of the binary one.
#include <string>

#include "tests/bench/exchange_traffic.h"

namespace footfall {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kGet = "get key:000000000042\r\n";
constexpr std::string_view kValue = "VALUE key:000000000042 0 3\r\nxxx\r\nEND\r\n";
constexpr std::string_view kBinaryGet = "\x80\x00\x00\x05\0\0\0\0\0\0\0\x05\0\0\0\x07\0\0\0\0\0\0\0\0Hello"sv;
constexpr std::string_view kBinaryValue = "\x81\x00\x00\x00\x04\0\0\0\0\0\0\x07\0\0\0\x07\0\0\0\0\0\0\0\x01\0\0\0\0xxx"sv;

std::string times(std::size_t count, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) all += text;
    return all;
}

void run(benchmark::State& state, std::string_view request, std::string_view reply) {
    const auto depth = static_cast<std::size_t>(state.range(1));
    replay_recorded(state, Protocol::kMemcached,
                    {{Direction::kReceived, times(depth, request)}, {Direction::kSent, times(depth, reply)}});
}

void bm_memcached_get(benchmark::State& state) { run(state, kGet, kValue); }
BENCHMARK(bm_memcached_get)
    ->ArgNames({"connections", "pipelined"})
    ->Args({1, 1})
    ->Args({64, 1})
    ->Args({64, 16})
    ->Args({4096, 1});

void bm_memcached_binary_get(benchmark::State& state) { run(state, kBinaryGet, kBinaryValue); }
BENCHMARK(bm_memcached_binary_get)->ArgNames({"connections", "pipelined"})->Args({64, 1})->Args({64, 16});

}  // namespace
}  // namespace footfall
