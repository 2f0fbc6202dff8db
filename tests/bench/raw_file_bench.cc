// What keeping raw events costs, an event at a time: writing them with compression to a file, and reading them back.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "agent/session/raw_reader.h"
#include "agent/session/raw_writer.h"
#include "tests/unit/session/raw_records.h"
#include "tests/unit/support/scratch.h"

namespace footfall {
namespace {

// Requests and responses as one nginx under load makes them: alike, but not the same.
std::vector<std::string> http_records() {
    std::vector<std::string> records;
    for (std::uint64_t i = 0; i < 4'096; ++i) {
        records.push_back(message_record(
            1'000'000 + i * 12'345, "GET /orders/" + std::to_string(i * 2'654'435'761 % 100'000) +
                                        " HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: wrk/4.1\r\nAccept: */*\r\n\r\n"));
        records.push_back(message_record(1'005'000 + i * 12'345,
                                         "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sat, 22 Nov 2025 17:53:00 GMT\r\n"
                                         "Content-Type: application/json\r\nContent-Length: " +
                                             std::to_string(100 + i % 900) + "\r\nConnection: keep-alive\r\n\r\n{\"id\":"));
    }
    return records;
}

void raw_write(benchmark::State& state) {
    const ScratchDirectory scratch;
    const std::vector<std::string> records = http_records();
    std::int64_t bytes = 0;
    std::uint64_t stored = 0;
    for (auto _ : state) {
        auto writer = RawWriter::create(scratch.file("a.ffraw"), {}, true);
        for (const std::string& record : records) {
            benchmark::DoNotOptimize(writer->append(as_event(record)));
            bytes += static_cast<std::int64_t>(record.size());
        }
        benchmark::DoNotOptimize(writer->finish({}));
        stored = writer->bytes_written();
    }
    state.SetBytesProcessed(bytes);
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * records.size()));
    state.counters["file_bytes_per_record"] = static_cast<double>(stored) / static_cast<double>(records.size());
}
BENCHMARK(raw_write);

void raw_read(benchmark::State& state) {
    const ScratchDirectory scratch;
    const std::vector<std::string> records = http_records();
    auto writer = RawWriter::create(scratch.file("a.ffraw"), {}, true);
    for (const std::string& record : records) benchmark::DoNotOptimize(writer->append(as_event(record)));
    benchmark::DoNotOptimize(writer->finish({}));
    std::int64_t items = 0;
    for (auto _ : state) {
        auto reader = RawReader::open(scratch.file("a.ffraw"));
        for (auto event = reader->next(); event && *event; event = reader->next()) {
            benchmark::DoNotOptimize((*event)->bytes.data());
            ++items;
        }
    }
    state.SetItemsProcessed(items);
}
BENCHMARK(raw_read);

}  // namespace
}  // namespace footfall
