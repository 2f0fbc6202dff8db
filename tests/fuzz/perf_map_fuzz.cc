// Where code without a file has its names: perf maps and jitdumps, which JIT runtimes write, and the kernel's own list, to
// which modules and BPF programs bring theirs. The first byte says which, the second how much of the file is there when it
// is read for the first time: in whatever pieces a file comes, it must mean the same.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <string_view>

#include "agent/base/fd.h"
#include "symbolizer/jit/jitdump.h"
#include "symbolizer/jit/perf_map.h"
#include "symbolizer/kernel/kallsyms.h"

namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10;
constexpr std::size_t kLongestName = 1024;

template <typename Reader>
Reader read_in_pieces(std::initializer_list<std::string_view> pieces) {
    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    Reader reader(kMaxBytes);
    for (const std::string_view piece : pieces) {
        if (write(file.get(), piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) abort();
        reader.update(file.get());
        if (reader.code().bytes() > kMaxBytes) abort();
    }
    return reader;
}

template <typename Reader>
void compare_at(const Reader& one, const Reader& other, std::uint64_t address) {
    const auto found = one.find(address);
    const auto same = other.find(address);
    if (found.has_value() != same.has_value()) abort();
    if (!found) return;
    if (found->name != same->name || found->offset != same->offset) abort();
    if (found->offset > address || found->name.size() > kLongestName) abort();
}

template <typename Reader>
void read_in_two_pieces(std::string_view bytes, std::size_t first) {
    const auto whole = read_in_pieces<Reader>({bytes});
    const auto pieces = read_in_pieces<Reader>({bytes.substr(0, first), bytes.substr(first)});
    if (whole.code().ranges() != pieces.code().ranges() || whole.code().bytes() != pieces.code().bytes()) abort();
    for (const std::uint64_t page : {std::uint64_t{0x1000}, std::uint64_t{0x7f0000001000}})
        for (std::uint64_t offset = 0; offset < 0x400; offset += 8) compare_at(whole, pieces, page + offset);
    compare_at(whole, pieces, ~std::uint64_t{0} - 1);
}

void look_up(const footfall::KernelSymbols& symbols, std::uint64_t address) {
    const auto symbol = symbols.find(address);
    if (!symbol) return;
    if (symbol->module.empty() || symbol->offset > address) abort();
    const auto start = symbols.find(address - symbol->offset);
    if (!start || start->offset != 0 || start->function != symbol->function) abort();
}

void read_kallsyms(std::string_view bytes) {
    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    if (write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) abort();
    const auto symbols = footfall::KernelSymbols::load("/proc/self/fd/" + std::to_string(file.get()), kMaxBytes);
    if (!symbols) return;
    if (symbols->functions() == 0) abort();
    for (const std::uint64_t page : {0x1000ULL, 0xffffffff81000000ULL, 0xffffffffc0300000ULL, 0xfffffffffffff000ULL})
        for (std::uint64_t offset = 0; offset < 0x1000; offset += 64) look_up(*symbols, page + offset);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t first = bytes.size() * data[1] / 256;
    switch (data[0] % 3) {
        case 0:
            read_in_two_pieces<footfall::PerfMap>(bytes, first);
            break;
        case 1:
            read_in_two_pieces<footfall::JitDump>(bytes, first);
            break;
        default:
            read_kallsyms(bytes);
    }
    return 0;
}
