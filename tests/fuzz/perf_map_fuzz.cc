// The files in which JIT runtimes name their code: perf maps, and jitdumps. The first byte says which, the second how much
// of the file is there when it is read for the first time.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/base/fd.h"
#include "symbolizer/jit/jitdump.h"
#include "symbolizer/jit/perf_map.h"

namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 10;

template <typename Reader>
void read_in_two_pieces(std::string_view bytes, std::size_t first) {
    const footfall::Fd file(memfd_create("input", MFD_CLOEXEC));
    if (!file.valid()) return;
    Reader reader(kMaxBytes);
    for (const std::string_view piece : {bytes.substr(0, first), bytes.substr(first)}) {
        if (write(file.get(), piece.data(), piece.size()) != static_cast<ssize_t>(piece.size())) return;
        reader.update(file.get());
        if (reader.code().bytes() > kMaxBytes) abort();
    }
    for (const std::uint64_t address : {0x1000ULL, 0x7f0000001000ULL, ~0ULL}) {
        const auto found = reader.find(address);
        if (found && found->name.size() > 4096) abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t first = bytes.size() * data[1] / 256;
    if (data[0] % 2 == 0) {
        read_in_two_pieces<footfall::PerfMap>(bytes, first);
    } else {
        read_in_two_pieces<footfall::JitDump>(bytes, first);
    }
    return 0;
}
