// DWARF, as whoever built a watched program left it. It is read through libdw, which is not ours and not searched here: an
// input becomes a file whose sections and headers are well-formed, and whose entries, line program and ranges are the
// input's. So it reaches what we make of entries that contradict themselves. Files that are damaged anywhere are the
// worker's to survive (DebugInformation.ThatIsDamagedCostsAtMostItself).
//
// An input: flags (one byte: 1 there are two units; 2 each is read anew whenever it is asked), the length of the line
// program (two bytes), the program, the length of the ranges (one byte), the ranges, and the entries, of the abbreviations
// in dwarf_bytes.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "symbolizer/dwarf/debug_info.h"
#include "symbolizer/unwind/byte_cursor.h"
#include "tests/unit/symbolizer/dwarf_bytes.h"

namespace footfall {
namespace {

constexpr std::size_t kMostFrames = 2000;
constexpr std::size_t kPlenty = std::size_t{64} << 20;
constexpr std::size_t kOnce = 1;  // too little to keep anything

bool same(const DebugFrame& a, const DebugFrame& b) {
    return a.function == b.function && a.file == b.file && a.line == b.line;
}

// What is kept must say the same as what is read again.
void look_up(DebugInfo& kept, DebugInfo& again, std::uint64_t address) {
    std::vector<DebugFrame> frames;
    std::vector<DebugFrame> others;
    kept.find(address, frames);
    again.find(address, others);
    if (frames.size() > kMostFrames) std::abort();
    if (!std::equal(frames.begin(), frames.end(), others.begin(), others.end(), same)) std::abort();
}

void read(int file, std::size_t size, std::size_t limit) {
    auto kept = DebugInfo::open(file, -1, kPlenty);
    auto again = DebugInfo::open(file, -1, limit);
    if (!kept || !again) std::abort();
    constexpr std::uint64_t kStep = 5;
    for (std::uint64_t address = DwarfBytes::kCode - 8; address < DwarfBytes::kCode + DwarfBytes::kCodeBytes;
         address += kStep)
        look_up(*kept, *again, address);
    if (kept->bytes() > 64 * size) std::abort();
}

}  // namespace
}  // namespace footfall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace footfall;
    ByteCursor input({data, size});
    const auto up_to = [&input](std::uint64_t wanted) {
        const auto bytes = input.take(std::min<std::uint64_t>(wanted, input.rest().size()));
        return Bytes(bytes.begin(), bytes.end());
    };
    const auto flags = input.number<std::uint8_t>();
    DwarfBytes dwarf;
    dwarf.line_program = up_to(input.number<std::uint16_t>());
    dwarf.ranges = up_to(input.number<std::uint8_t>());
    dwarf.units.assign((flags & 1U) != 0 ? 2 : 1, Bytes(input.rest().begin(), input.rest().end()));
    const Bytes bytes = dwarf.file();
    const Fd file = file_of(bytes);
    if (file.valid()) read(file.get(), bytes.size(), (flags & 2U) != 0 ? kOnce : kPlenty);
    return 0;
}
