#include "symbolizer/unwind/frame_entries.h"

#include <dwarf.h>

#include <algorithm>

#include "symbolizer/unwind/byte_cursor.h"
#include "symbolizer/unwind/cfa_program.h"
#include "symbolizer/unwind/encoded_pointer.h"

namespace footfall {
namespace {

constexpr std::uint32_t kLongLength = 0xffffffff;  // the real length follows, in 8 bytes
constexpr std::uint64_t kMaxCieBytes = 4096;
constexpr std::uint64_t kMaxFdeHeadBytes = 64;  // addresses and the length of the augmentation data
constexpr std::uint64_t kMaxInstructions = std::uint64_t{1} << 20;
constexpr std::uint8_t kMaxVersion = 4;

// "zPLR…": what the augmentation string says, and the data of those letters.
bool read_augmentation(ByteCursor& at, std::string_view letters, std::uint64_t address, Cie& cie) {
    if (letters.empty()) return true;
    if (letters.front() != 'z') return false;
    cie.has_augmentation = true;
    const std::uint64_t size = at.uleb();
    const std::uint64_t data_address = address + at.position();
    ByteCursor data(at.take(size));
    for (const char letter : letters.substr(1)) {
        if (letter == 'S') cie.signal_frame = true;
        if (letter == 'R') cie.pointer_encoding = data.number<std::uint8_t>();
        if (letter == 'L') data.number<std::uint8_t>();
        if (letter == 'P') read_encoded_pointer(data, data.number<std::uint8_t>(), data_address);
        // What an unknown letter stands for can be skipped, but nothing behind it be found.
        if (letter != 'S' && letter != 'R' && letter != 'L' && letter != 'P' && letter != 'B') break;
    }
    return at.ok() && data.ok();
}

}  // namespace

bool FrameEntries::read(std::uint64_t offset, void* into, std::size_t size) {
    if (offset > section_.size || size > section_.size - offset) return false;
    return file_.read(section_.offset + offset, into, size);
}

std::span<const std::uint8_t> FrameEntries::read_up_to(std::uint64_t offset, std::uint64_t size) {
    bytes_.resize(static_cast<std::size_t>(size));
    if (!read(offset, bytes_.data(), bytes_.size())) bytes_.clear();
    return bytes_;
}

std::optional<EntryHead> FrameEntries::head_at(std::uint64_t offset) {
    std::uint32_t short_length = 0;
    if (!read(offset, &short_length, sizeof short_length)) return std::nullopt;
    EntryHead head;
    std::uint64_t length = short_length;
    std::uint64_t id_at = offset + sizeof short_length;
    const bool wide = short_length == kLongLength;
    if (wide) {
        if (!read(id_at, &length, sizeof length)) return std::nullopt;
        id_at += sizeof length;
    }
    if (length > section_.size - id_at) return std::nullopt;
    head.next = id_at + length;
    head.empty = length == 0;
    if (head.empty) return head;

    std::uint64_t id = 0;
    const std::size_t id_size = wide ? 8 : 4;
    if (length < id_size || !read(id_at, &id, id_size)) return std::nullopt;
    head.body = id_at + id_size;
    if (section_.format == FrameFormat::kEhFrame) {
        head.is_fde = id != 0;
        head.cie = id_at - id;
    } else {
        head.is_fde = id != (wide ? ~std::uint64_t{0} : std::uint64_t{0xffffffff});
        head.cie = id;
    }
    return head;
}

std::optional<Fde> FrameEntries::fde_at(std::uint64_t offset) {
    const auto head = head_at(offset);
    if (!head || !head->is_fde) return std::nullopt;
    const Cie* cie = cie_at(head->cie);
    if (cie == nullptr) return std::nullopt;

    ByteCursor at(read_up_to(head->body, std::min(head->next - head->body, kMaxFdeHeadBytes)));
    const auto begin = read_encoded_pointer(at, cie->pointer_encoding, section_.address + head->body);
    const auto size = read_encoded_pointer(at, cie->pointer_encoding & kPointerFormatMask, 0);
    if (!begin || !size) return std::nullopt;
    std::uint64_t skipped = cie->has_augmentation ? at.uleb() : 0;
    skipped += at.position();
    const std::uint64_t end = *begin + *size;
    if (!at.ok() || end <= *begin || skipped > head->next - head->body) return std::nullopt;
    return Fde{*begin, end, cie, head->body + skipped, head->next - head->body - skipped};
}

std::span<const std::uint8_t> FrameEntries::instructions_of(const Fde& fde) {
    if (fde.instructions_size > kMaxInstructions) return {};
    return read_up_to(fde.instructions_offset, fde.instructions_size);
}

const Cie* FrameEntries::cie_at(std::uint64_t offset) {
    HeldCie& held = cies_[static_cast<std::size_t>(offset / 4 % kCies)];
    if (held.offset != offset) {
        held.cie = read_cie(offset);
        held.offset = offset;
    }
    return held.cie ? &*held.cie : nullptr;
}

std::optional<Cie> FrameEntries::read_cie(std::uint64_t offset) {
    const auto head = head_at(offset);
    if (!head || head->empty || head->is_fde || head->next - head->body > kMaxCieBytes) return std::nullopt;
    if (head->next - head->body > cie_bytes_left_) return std::nullopt;
    cie_bytes_left_ -= head->next - head->body;
    ByteCursor at(read_up_to(head->body, head->next - head->body));
    const auto version = at.number<std::uint8_t>();
    const auto letters = at.text();
    if (version == 0 || version == 2 || version > kMaxVersion) return std::nullopt;
    if (version == 4 && (at.number<std::uint8_t>() != 8 || at.number<std::uint8_t>() != 0)) return std::nullopt;
    Cie cie;
    cie.code_alignment = at.uleb();
    cie.data_alignment = at.sleb();
    const std::uint64_t return_register = version == 1 ? at.number<std::uint8_t>() : at.uleb();
    if (!at.ok() || return_register != kDwarfReturnAddress) return std::nullopt;
    if (!read_augmentation(at, letters, section_.address + head->body, cie)) return std::nullopt;
    if (!run_initial_instructions(at.rest(), cie)) return std::nullopt;
    return cie;
}

}  // namespace footfall
