// How fast addresses become names. Two programs in one:
//   symbolizer_bench                     the warm look-ups, as Google Benchmark prints them
//   symbolizer_bench FILE [DEBUG [ALT]] < ADDRESSES > ANSWERS
//                                        functions, lines and inlines of hexadecimal addresses, in the style of
//                                        llvm-symbolizer, through the worker process as the agent does it; symbolizer.py
//                                        compares the two
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstring>
#include <iostream>
#include <random>

#include "symbolizer/elf/symbol_table.h"
#include "symbolizer/kernel/kallsyms.h"
#include "symbolizer/worker/symbolizer_client.h"
#include "symbolizer/worker/symbolizer_worker.h"

namespace footfall {
namespace {

constexpr const char* kWorkerArgument = "symbolizer-worker";
constexpr std::size_t kMaxTableBytes = std::size_t{256} << 20;
constexpr std::size_t kAddresses = std::size_t{1} << 16;

std::vector<std::uint64_t> random_addresses(std::uint64_t from, std::uint64_t to) {
    std::mt19937_64 random(1);
    std::uniform_int_distribution<std::uint64_t> address(from, to);
    std::vector<std::uint64_t> addresses(kAddresses);
    for (std::uint64_t& it : addresses) it = address(random);
    return addresses;
}

void look_up_symbols(benchmark::State& state, const char* path) {
    const Fd fd(open(path, O_RDONLY | O_CLOEXEC));
    const auto file = ElfFile::open(fd.get());
    const auto table = file ? SymbolTable::read(*file, kMaxTableBytes) : tl::unexpected(file.error());
    const auto description = describe_elf(fd.get());
    if (!table || !description || description->code.empty()) return state.SkipWithError("no symbols to look up");
    const CodeSegment& code = description->code[0];
    const auto addresses = random_addresses(code.address, code.address + code.size - 1);
    std::size_t next = 0;
    for (auto _ : state) benchmark::DoNotOptimize(table->find(addresses[next++ % kAddresses]));
    state.SetItemsProcessed(state.iterations());
    state.counters["functions"] = static_cast<double>(table->functions());
    state.counters["KiB"] = static_cast<double>(table->bytes()) / 1024;
}

void read_symbols(benchmark::State& state, const char* path) {
    const Fd fd(open(path, O_RDONLY | O_CLOEXEC));
    for (auto _ : state) {
        const auto file = ElfFile::open(fd.get());
        const auto table = file ? SymbolTable::read(*file, kMaxTableBytes) : tl::unexpected(file.error());
        if (!table) return state.SkipWithError("no symbols to read");
    }
}

void load_kallsyms(benchmark::State& state) {
    for (auto _ : state) {
        const auto symbols = KernelSymbols::load();
        if (!symbols) return state.SkipWithError("no /proc/kallsyms, or it is hidden");
        state.counters["functions"] = static_cast<double>(symbols->functions());
        state.counters["KiB"] = static_cast<double>(symbols->bytes()) / 1024;
    }
}

void ask_the_worker(benchmark::State& state) {
    SymbolizerClient client({{"/proc/self/exe", kWorkerArgument}});
    const Fd fd(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    const auto description = client.describe(fd.get());
    if (!description) return state.SkipWithError("no worker");
    const auto addresses = random_addresses(description->code[0].address, description->code[0].address + 65'536);
    std::size_t next = 0;
    for (auto _ : state) {
        const auto one = std::span(addresses).subspan(next++ % kAddresses, 1);
        benchmark::DoNotOptimize(client.symbols({fd.get()}, one, Detail::kNames));
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(look_up_symbols, this_program, "/proc/self/exe");
BENCHMARK_CAPTURE(look_up_symbols, libc, "/lib/x86_64-linux-gnu/libc.so.6");
BENCHMARK_CAPTURE(read_symbols, this_program, "/proc/self/exe")->Unit(benchmark::kMillisecond);
BENCHMARK(load_kallsyms)->Unit(benchmark::kMillisecond);
BENCHMARK(ask_the_worker)->Unit(benchmark::kMicrosecond)->UseRealTime();

void print(const SymbolizedAddress& address) {
    if (address.lines.empty()) std::fputs("??\n??:0\n", stdout);
    for (const Line& line : address.lines) {
        std::printf("%s\n%s:%u\n", line.function.empty() ? "??" : line.function.c_str(),
                    line.file.empty() ? "??" : line.file.c_str(), line.line);
    }
    std::fputs("\n", stdout);
}

int answer_addresses(int argc, char** argv) {
    std::vector<Fd> files;
    for (int i = 1; i < argc; ++i) files.emplace_back(open(argv[i], O_RDONLY | O_CLOEXEC));
    ModuleFiles module{files[0].get()};
    if (files.size() > 1) module.debug = files[1].get();
    if (files.size() > 2) module.alt = files[2].get();
    std::vector<std::uint64_t> addresses;
    for (std::uint64_t address = 0; std::cin >> std::hex >> address;) addresses.push_back(address);
    {
        SymbolizerClient client({{"/proc/self/exe", kWorkerArgument}, std::chrono::minutes(10)});
        for (const SymbolizedAddress& address : client.symbols(module, addresses, Detail::kLines)) print(address);
        std::fprintf(stderr, "workers lost: %llu\n", static_cast<unsigned long long>(client.workers_lost()));
    }
    rusage worker{};
    getrusage(RUSAGE_CHILDREN, &worker);
    std::fprintf(stderr, "worker: peak %ld KiB\n", worker.ru_maxrss);
    return 0;
}

}  // namespace
}  // namespace footfall

int main(int argc, char** argv) {
    if (argc == 2 && std::strcmp(argv[1], footfall::kWorkerArgument) == 0)
        return footfall::run_symbolizer_worker(footfall::kSymbolizerWorkerSocket, {});
    if (argc >= 2 && argv[1][0] != '-') return footfall::answer_addresses(argc, argv);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
