// What the way through the ring costs: handing out 64-byte records with footfall's own reader (the time; items are records),
// and producing them in BPF, time stamp and counter included (produce_ns). Bursts that the ring holds, so nothing is lost
// and neither side waits. Needs BPF.
#include <benchmark/benchmark.h>
#include <bpf/bpf.h>

#include <memory>

#include "agent/kernel/ring_reader.h"
#include "bpf/contract/probe_config.h"

// After the contract, whose structs it holds.
#include <ring_flood.skel.h>

namespace footfall {
namespace {

class Counter : public RawEventConsumer {
public:
    void on_raw(RawEvent raw) override { bytes_ += raw.bytes.size(); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    std::uint64_t bytes_ = 0;
};

struct Destroy {
    void operator()(ring_flood_bpf* skeleton) const { ring_flood_bpf__destroy(skeleton); }
};

void ring(benchmark::State& state) {
    const std::unique_ptr<ring_flood_bpf, Destroy> flood(ring_flood_bpf__open_and_load());
    if (!flood) return state.SkipWithError("BPF is not allowed here: footfall doctor says why");
    Counter counter;
    auto reader = RingReader::open(bpf_map__fd(flood->maps.events), counter);
    if (!reader) return state.SkipWithError(reader.error().what.c_str());
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    std::uint64_t records = 0;
    std::uint64_t produce_nanoseconds = 0;
    for (auto _ : state) {
        state.PauseTiming();
        if (bpf_prog_test_run_opts(bpf_program__fd(flood->progs.flood), &run) != 0)
            return state.SkipWithError("the burst failed");
        produce_nanoseconds += flood->bss->nanoseconds;
        state.ResumeTiming();
        records += reader->drain().value_or(0);
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(records));
    state.counters["produce_ns"] = static_cast<double>(produce_nanoseconds) / static_cast<double>(records);
}
BENCHMARK(ring)->Name("Ring/64_byte_records")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace footfall
