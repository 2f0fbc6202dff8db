// Where an x86-64 ELF file keeps its unwind information and its code. The file is not trusted: whatever lies outside of it,
// or is larger than any linker makes it, is left out or refused.
//
// Addresses are ELF virtual addresses. Threads: any; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "symbolizer/unwind/file_blocks.h"

namespace footfall {

enum class FrameFormat : std::uint8_t { kEhFrame, kDebugFrame };

// A run of CIEs and FDEs in the file.
struct FrameSection {
    FrameFormat format = FrameFormat::kEhFrame;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t address = 0;  // of its first byte; meaningless for kDebugFrame
    bool ends_at_zero = false;  // size is an upper limit: an entry of length 0 is the end
};

struct AddressRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    [[nodiscard]] bool holds(std::uint64_t address) const { return address >= begin && address < end; }
};

// .eh_frame_hdr's table of FDEs, sorted by address: pairs of 32-bit (address of code, address of FDE), both relative to
// base.
struct FdeTable {
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
    std::uint64_t base = 0;
};

// What the file holds of a loadable segment.
struct LoadedSegment {
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    bool executable = false;
};

struct FileExtent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

struct UnwindSections {
    std::uint64_t entry = 0;         // where the program starts; 0: nowhere
    std::vector<AddressRange> code;  // ascending, not empty, they don't overlap
    std::optional<FrameSection> eh_frame;
    std::optional<FrameSection> debug_frame;  // a compressed one is inflated, behind the end of the file
    std::optional<FdeTable> table;            // of eh_frame; lies within the file, its contents are not checked
    std::vector<LoadedSegment> segments;      // as they come; they lie within the file
    bool named = false;                       // sections have names, so that what is not among them is not there
    std::uint64_t text = 0;                   // address of .text; 0: not known
    std::optional<FileExtent> go_table;       // .gopclntab: what Go's runtime knows of its functions
};

Result<UnwindSections> find_unwind_sections(FileBlocks& file);

// Copies code from an address on, as far as it lies in one executable segment; the rest of `into` stays.
void read_code(FileBlocks& file, const UnwindSections& sections, std::uint64_t address, std::span<std::uint8_t> into);

}  // namespace footfall
