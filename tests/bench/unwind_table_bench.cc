// What it costs to make the unwind table of a binary (time, peak heap, rows by kind), and one step of a native walk.
// FOOTFALL_BENCH_BINARY names another binary than those below; what is not installed is skipped.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "agent/base/fd.h"
#include "symbolizer/unwind/native_unwinder.h"
#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"

namespace {

std::atomic<std::size_t> heap_bytes = 0;
std::atomic<std::size_t> heap_peak = 0;

void* counted(void* memory) {
    if (memory == nullptr) throw std::bad_alloc();
    const std::size_t now = heap_bytes += malloc_usable_size(memory);
    if (now > heap_peak) heap_peak = now;
    return memory;
}

}  // namespace

// Not inlined: GCC 12 would take the inlined halves for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size) { return counted(std::malloc(size)); }
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    heap_bytes -= malloc_usable_size(memory);
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace footfall {
namespace {

class CountingSink final : public TableSink {
public:
    Result<void> on_page(std::uint64_t, std::span<const ff_unwind_row> rows) override {
        bytes += rows.size_bytes();
        return {};
    }
    std::uint64_t bytes = 0;
};

Fd open_binary(benchmark::State& state, const std::string& path) {
    Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) state.SkipWithError("not installed");
    return fd;
}

void report(benchmark::State& state, const TableSummary& summary, std::size_t peak) {
    const auto rows = static_cast<double>(std::max<std::uint64_t>(summary.rows.rows, 1));
    state.counters["rows"] = static_cast<double>(summary.rows.rows);
    state.counters["pages"] = static_cast<double>(summary.rows.pages);
    state.counters["fdes"] = static_cast<double>(summary.fdes);
    state.counters["malformed"] = static_cast<double>(summary.malformed);
    state.counters["unsupported_%"] = 100 * static_cast<double>(summary.rows.unsupported) / rows;
    state.counters["rbp_unknown_%"] = 100 * static_cast<double>(summary.rows.rbp_unknown) / rows;
    state.counters["peak_heap_KiB"] = static_cast<double>(peak) / 1024;
}

void build(benchmark::State& state, const std::string& path) {
    const Fd fd = open_binary(state, path);
    Result<TableSummary> summary;
    std::size_t peak = 0;
    for (auto _ : state) {
        const std::size_t before = heap_bytes;
        heap_peak = before;
        CountingSink sink;
        summary = build_unwind_table(fd.get(), sink);
        peak = heap_peak - before;
        if (!summary) return state.SkipWithError(summary.error().what.c_str());
    }
    if (summary) report(state, *summary, peak);
}

// To a file in the cache's format, and back with all its checks.
void write_file(benchmark::State& state, const std::string& path) {
    const Fd fd = open_binary(state, path);
    for (auto _ : state) {
        const int file = memfd_create("table", MFD_CLOEXEC);
        TableFileWriter writer(file, {});
        const bool written = build_unwind_table(fd.get(), writer).has_value() && writer.finish().has_value();
        if (!written || !TableFile::open(Fd(file))) return state.SkipWithError("not written");
    }
}

class OneRow final : public RowSource {
public:
    tl::expected<ff_unwind_row, ff_stop> row_at(std::uint64_t) override { return ff_unwind_row{0, FF_CFA_RSP, -2, 0, 32}; }
};

// Frames of 32 bytes with rbp saved in each, up to a return address of 0.
void walk(benchmark::State& state) {
    constexpr std::size_t kFrames = 30;
    std::vector<std::uint64_t> stack(4 * kFrames, 0x1234);
    stack.back() = 0;
    OneRow rows;
    const StackCopy copy{0x7000, std::as_bytes(std::span(stack))};
    StackRegisters registers{0x1000, {}};
    registers.by_number[FF_REGISTER_RSP] = copy.address;
    for (auto _ : state) {
        const auto walked = walk_stack(registers, copy, rows);
        if (walked.frames.size() != kFrames) return state.SkipWithError("not all frames");
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kFrames));
}
BENCHMARK(walk);

const std::vector<std::string> kBinaries = {"/usr/bin/node",
                                            "/usr/lib/postgresql/15/bin/postgres",
                                            "/usr/bin/python3",
                                            "/usr/bin/redis-server",
                                            "/usr/sbin/nginx",
                                            "/usr/lib/x86_64-linux-gnu/libc.so.6",
                                            "/usr/lib/x86_64-linux-gnu/libstdc++.so.6"};

const bool kRegistered = [] {
    const char* const named = std::getenv("FOOTFALL_BENCH_BINARY");
    const auto binaries = named != nullptr ? std::vector<std::string>{named} : kBinaries;
    for (const std::string& path : binaries) {
        benchmark::RegisterBenchmark(("build" + path).c_str(), build, path)->Unit(benchmark::kMillisecond);
        benchmark::RegisterBenchmark(("build_write_read" + path).c_str(), write_file, path)->Unit(benchmark::kMillisecond);
    }
    return true;
}();

}  // namespace
}  // namespace footfall
