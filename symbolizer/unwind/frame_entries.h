// Reads the entries of .eh_frame and .debug_frame: CIEs (what functions have in common) and FDEs (one function each).
// The section is not trusted: an entry that contradicts itself or leaves its section is an honest miss (nullopt, nullptr).
//
// Borrows the file. One thread. Memory: a cache of CIEs of fixed size, and one entry's instructions (at most 1 MiB).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "symbolizer/unwind/cfa_rules.h"
#include "symbolizer/unwind/file_blocks.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {

struct Cie {
    std::uint8_t pointer_encoding = 0;  // of addresses in its FDEs, DW_EH_PE_*
    bool has_augmentation = false;      // its FDEs carry augmentation data
    bool signal_frame = false;
    std::uint64_t code_alignment = 1;
    std::int64_t data_alignment = 1;
    CfaState initial;  // at the start of each function
};

struct Fde {
    std::uint64_t begin = 0;  // addresses of the code it describes
    std::uint64_t end = 0;
    const Cie* cie = nullptr;               // valid until the next FDE is read
    std::uint64_t instructions_offset = 0;  // into the section
    std::uint64_t instructions_size = 0;
};

// The head of any entry. Offsets are into the section.
struct EntryHead {
    std::uint64_t next = 0;  // where the next entry starts
    std::uint64_t body = 0;  // behind the length and the id
    std::uint64_t cie = 0;   // an FDE's CIE
    bool is_fde = false;
    bool empty = false;  // of length 0: a terminator or padding
};

class FrameEntries {
public:
    FrameEntries(FileBlocks& file, FrameSection section)
        : file_(file), section_(section), cie_bytes_left_(kMaxCieReads * section.size) {}

    [[nodiscard]] const FrameSection& section() const { return section_; }

    std::optional<EntryHead> head_at(std::uint64_t offset);
    // nullopt where no sound FDE is, also if it describes no bytes.
    std::optional<Fde> fde_at(std::uint64_t offset);
    // Valid until the next call. Empty if they are too long or can't be read; gave_up() of the file knows.
    std::span<const std::uint8_t> instructions_of(const Fde& fde);

private:
    static constexpr std::size_t kCies = 64;
    static constexpr std::uint64_t kMaxCieReads = 8;  // of each byte: FDEs that take turns between CIEs must not stall us
    struct HeldCie {
        std::uint64_t offset = ~std::uint64_t{0};
        std::optional<Cie> cie;
    };

    bool read(std::uint64_t offset, void* into, std::size_t size);
    std::span<const std::uint8_t> read_up_to(std::uint64_t offset, std::uint64_t size);
    const Cie* cie_at(std::uint64_t offset);
    std::optional<Cie> read_cie(std::uint64_t offset);

    FileBlocks& file_;
    FrameSection section_;
    std::uint64_t cie_bytes_left_;
    std::array<HeldCie, kCies> cies_;
    std::vector<std::uint8_t> bytes_;
};

}  // namespace footfall
