// What user space pays for an exchange, from the record in the ring to the usage table: a capture of nginx under wrk,
// replayed from memory again and again. Items are exchanges; one core. `--benchmark_filter=Pipeline` for this alone.
//   tests/bench/capture.ffraw is made by tests/bench/record_capture.sh; FOOTFALL_CAPTURE names another one.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <vector>

#include "agent/pipeline/pipeline.h"
#include "agent/session/raw_reader.h"

namespace footfall {
namespace {

// A capture in memory, as the ring would hold it.
struct Capture {
    std::vector<std::vector<std::byte>> records;
};

Capture load_capture() {
    const char* chosen = std::getenv("FOOTFALL_CAPTURE");
    Capture capture;
    auto reader = RawReader::open(chosen != nullptr ? chosen : FOOTFALL_BENCH_CAPTURE);
    while (reader) {
        const auto record = reader->next();
        if (!record || !*record) break;
        capture.records.emplace_back((*record)->bytes.begin(), (*record)->bytes.end());
    }
    return capture;
}

std::uint64_t run(const Capture& capture, RecordedProcessSource& source) {
    PipelineObservers observers;
    observers.on_recorded_description = [&](const ProcessDescribed& described) { source.on_described(described); };
    Pipeline pipeline({}, source, std::move(observers));
    for (const auto& record : capture.records) pipeline.on_raw({record});
    return pipeline.uses();
}

void pipeline(benchmark::State& state) {
    const Capture capture = load_capture();
    if (capture.records.empty()) return state.SkipWithError("no capture: run tests/bench/record_capture.sh");
    RecordedProcessSource source;
    std::uint64_t uses = 0;
    for (auto _ : state) uses += run(capture, source);
    state.SetItemsProcessed(static_cast<std::int64_t>(uses));
    state.counters["events"] = static_cast<double>(capture.records.size());
}
BENCHMARK(pipeline)->Name("Pipeline/nginx_wrk")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace footfall
