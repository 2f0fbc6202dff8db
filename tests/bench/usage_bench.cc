// What counting a use costs: the histogram alone, naming (a path seen before, one never seen), and the whole way from an
// exchange to the table.
#include <benchmark/benchmark.h>

#include <random>

#include "tests/unit/usage/usage_world.h"

namespace footfall {
namespace {

std::vector<std::uint64_t> latencies() {
    std::mt19937_64 random(1);
    std::lognormal_distribution<double> distribution(14, 1);  // about 1.2 ms
    std::vector<std::uint64_t> values(4096);
    for (auto& value : values) value = static_cast<std::uint64_t>(distribution(random));
    return values;
}

void histogram_record(benchmark::State& state) {
    const auto values = latencies();
    ExponentialHistogram histogram;
    std::size_t i = 0;
    for (auto _ : state) {
        histogram.record(values[i++ % values.size()]);
        benchmark::ClobberMemory();
    }
}
BENCHMARK(histogram_record);

std::vector<std::string> known_targets() {
    std::vector<std::string> targets;
    targets.reserve(1000);
    for (int i = 0; i < 1000; ++i) targets.push_back("/api/v1/orders/" + std::to_string(i) + "/items?page=2");
    return targets;
}

void namer_seen_path(benchmark::State& state) {
    UsageWorld world;
    const auto targets = known_targets();
    const Peer peer = private_peer(1);
    Exchange served = exchange("GET", "/");
    std::size_t i = 0;
    for (auto _ : state) {
        served.target = targets[i++ % targets.size()];
        benchmark::DoNotOptimize(world.namer.name(served, &peer));
    }
}
BENCHMARK(namer_seen_path);

void namer_new_path(benchmark::State& state) {
    UsageWorld world;
    const Peer peer = private_peer(1);
    Exchange served = exchange("GET", "/");
    std::uint64_t i = 0;
    for (auto _ : state) {
        const std::string target = "/api/v1/orders/" + std::to_string(i++) + "/items?page=2";
        served.target = target;
        benchmark::DoNotOptimize(world.namer.name(served, &peer));
    }
}
BENCHMARK(namer_new_path);

void consumer_new_public_address(benchmark::State& state) {
    ConsumerNamer namer(ConsumerMode::kDefault, ConsumerKey{1});
    Peer peer;
    std::uint32_t i = 0;
    for (auto _ : state) {
        ++i;
        peer.endpoint.address = {8, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                                 static_cast<std::uint8_t>(i)};
        benchmark::DoNotOptimize(namer.consumer_of(peer));
    }
}
BENCHMARK(consumer_new_public_address);

// state.range(0): how many consumers use the operation in turn.
void table_record(benchmark::State& state) {
    UsageWorld world;
    const auto values = latencies();
    std::vector<Use> uses;
    uses.reserve(static_cast<std::size_t>(state.range(0)));
    for (int i = 0; i < state.range(0); ++i) {
        const Peer peer = private_peer(static_cast<std::uint8_t>(i));
        uses.push_back(world.namer.name(exchange("GET", "/orders"), &peer));
    }
    std::size_t i = 0;
    for (auto _ : state) {
        Use& use = uses[i % uses.size()];
        use.end.nanoseconds = use.begin.nanoseconds + values[i++ % values.size()];
        world.table.record(use);
    }
}
BENCHMARK(table_record)->Arg(1)->Arg(30)->Arg(200);

void exchange_to_table(benchmark::State& state) {
    UsageWorld world;
    const auto targets = known_targets();
    const auto values = latencies();
    Exchange served = exchange("GET", "/");
    std::size_t i = 0;
    for (auto _ : state) {
        served.target = targets[i % targets.size()];
        served.end.nanoseconds = served.begin.nanoseconds + values[i % values.size()];
        world.count(served, private_peer(static_cast<std::uint8_t>(i++ % 64)));
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(exchange_to_table);

}  // namespace
}  // namespace footfall
