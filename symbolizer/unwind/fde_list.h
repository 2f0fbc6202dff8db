// The FDEs of a file in the order of their addresses: read from the sorted table of .eh_frame_hdr where that is sound,
// otherwise from an index of 8 bytes an FDE, which is made by reading every entry once.
//
// Borrows the readers. One thread. Memory: none for a table, at most 16 MiB for an index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "agent/base/result.h"
#include "symbolizer/unwind/file_blocks.h"
#include "symbolizer/unwind/frame_entries.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {

constexpr std::uint64_t kMaxIndexedFdes = std::uint64_t{2} << 20;

struct FdeRef {
    std::uint64_t address = 0;  // where its code begins
    std::uint64_t offset = 0;   // into its section
    FrameFormat format = FrameFormat::kEhFrame;
};

class FdeList {
public:
    virtual ~FdeList() = default;
    [[nodiscard]] virtual std::uint64_t size() const = 0;
    // nullopt if it can't be read.
    virtual std::optional<FdeRef> at(std::uint64_t number) = 0;
    // Of memory.
    [[nodiscard]] virtual std::size_t bytes() const = 0;
};

// The table of .eh_frame_hdr. What it says of an FDE's address is to be compared with what the FDE says.
class HeaderFdeList final : public FdeList {
public:
    HeaderFdeList(FileBlocks& file, FdeTable table, FrameSection section) : file_(file), table_(table), section_(section) {}

    // Its addresses ascend, and all its FDEs lie in the section. Reads all of it.
    [[nodiscard]] bool sound();

    [[nodiscard]] std::uint64_t size() const override { return table_.count; }
    std::optional<FdeRef> at(std::uint64_t number) override;
    [[nodiscard]] std::size_t bytes() const override { return 0; }

private:
    FileBlocks& file_;
    FdeTable table_;
    FrameSection section_;
};

// The table of a file's .eh_frame_hdr, if it has one that is sound. The file must outlive it.
std::unique_ptr<FdeList> sound_header(FileBlocks& file, const UnwindSections& sections);

// An index. Where two begin at the same address, that of .eh_frame is the last.
class IndexedFdeList final : public FdeList {
public:
    // Addresses are kept relative to base; those that lie outside of 4 GiB from there are left out.
    explicit IndexedFdeList(std::uint64_t base) : base_(base) {}

    // Takes in all FDEs of a section.
    Result<void> add(FrameEntries& entries);
    void sort();

    [[nodiscard]] std::uint64_t size() const override { return refs_.size(); }
    std::optional<FdeRef> at(std::uint64_t number) override;
    [[nodiscard]] std::size_t bytes() const override { return refs_.capacity() * sizeof(Ref); }

    [[nodiscard]] std::uint64_t covered() const { return covered_; }  // bytes of code that they say to describe
    [[nodiscard]] std::uint64_t malformed() const { return malformed_; }

private:
    struct Ref {
        std::uint32_t address;
        std::uint32_t offset_and_format;  // the format is the uppermost bit
    };

    Result<void> count(FrameEntries& entries);
    void take(const Fde& fde, std::uint64_t offset, FrameFormat format);

    std::uint64_t base_;
    std::uint64_t covered_ = 0;
    std::uint64_t malformed_ = 0;
    std::vector<Ref> refs_;
};

}  // namespace footfall
