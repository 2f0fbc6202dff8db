#include "symbolizer/unwind/fde_list.h"

#include <algorithm>
#include <array>
#include <limits>

namespace footfall {
namespace {

constexpr std::uint32_t kEhFrameBit = std::uint32_t{1} << 31;

// Calls visit(offset) for each FDE of the section that has a sound head.
template <typename Visit>
void for_each_fde(FrameEntries& entries, Visit&& visit) {
    std::uint64_t offset = 0;
    while (const auto head = entries.head_at(offset)) {
        if (head->empty && entries.section().ends_at_zero) return;
        if (head->is_fde) visit(offset);
        offset = head->next;
    }
}

}  // namespace

std::optional<FdeRef> HeaderFdeList::at(std::uint64_t number) {
    std::array<std::int32_t, 2> entry{};
    if (number >= table_.count || !file_.read(table_.offset + number * sizeof entry, entry.data(), sizeof entry))
        return std::nullopt;
    const std::uint64_t fde = table_.base + static_cast<std::uint64_t>(std::int64_t{entry[1]});
    return FdeRef{table_.base + static_cast<std::uint64_t>(std::int64_t{entry[0]}), fde - section_.address,
                  FrameFormat::kEhFrame};
}

bool HeaderFdeList::sound() {
    std::uint64_t previous = 0;
    for (std::uint64_t i = 0; i < table_.count; ++i) {
        const auto ref = at(i);
        if (!ref || ref->address < previous || ref->offset >= section_.size) return false;
        previous = ref->address;
    }
    return true;
}

std::unique_ptr<FdeList> sound_header(FileBlocks& file, const UnwindSections& sections) {
    if (!sections.table || !sections.eh_frame) return nullptr;
    auto header = std::make_unique<HeaderFdeList>(file, *sections.table, *sections.eh_frame);
    if (!header->sound()) return nullptr;
    return header;
}

Result<void> IndexedFdeList::add(FrameEntries& entries) {
    if (entries.section().size >= kEhFrameBit) return failure("its unwind information is larger than 2 GiB");
    if (auto counted = count(entries); !counted) return counted;
    for_each_fde(entries, [&](std::uint64_t offset) {
        if (const auto fde = entries.fde_at(offset))
            take(*fde, offset, entries.section().format);
        else
            ++malformed_;
    });
    return {};
}

// First, so that the index takes the memory that it needs and no more.
Result<void> IndexedFdeList::count(FrameEntries& entries) {
    std::uint64_t fdes = refs_.size();
    for_each_fde(entries, [&](std::uint64_t) { ++fdes; });
    if (fdes > kMaxIndexedFdes) return failure("it describes more than " + std::to_string(kMaxIndexedFdes) + " functions");
    refs_.reserve(static_cast<std::size_t>(fdes));
    return {};
}

void IndexedFdeList::take(const Fde& fde, std::uint64_t offset, FrameFormat format) {
    const std::uint64_t address = fde.begin - base_;
    if (fde.begin < base_ || address > std::numeric_limits<std::uint32_t>::max()) return;
    const std::uint32_t format_bit = format == FrameFormat::kEhFrame ? kEhFrameBit : 0;
    refs_.push_back({static_cast<std::uint32_t>(address), static_cast<std::uint32_t>(offset) | format_bit});
    covered_ += fde.end - fde.begin;
}

void IndexedFdeList::sort() {
    std::sort(refs_.begin(), refs_.end(), [](const Ref& a, const Ref& b) {
        return a.address != b.address ? a.address < b.address : a.offset_and_format < b.offset_and_format;
    });
}

std::optional<FdeRef> IndexedFdeList::at(std::uint64_t number) {
    if (number >= refs_.size()) return std::nullopt;
    const Ref& ref = refs_[static_cast<std::size_t>(number)];
    const bool eh_frame = (ref.offset_and_format & kEhFrameBit) != 0;
    return FdeRef{base_ + ref.address, ref.offset_and_format & ~kEhFrameBit,
                  eh_frame ? FrameFormat::kEhFrame : FrameFormat::kDebugFrame};
}

}  // namespace footfall
