#include "symbolizer/interpreters/hotspot/code_blob.h"

#include <algorithm>
#include <cstring>

#include "symbolizer/interpreters/hotspot/numbers.h"

namespace footfall {
namespace {

constexpr std::size_t kMostName = 256;
constexpr std::uint64_t kMostBlob = std::uint64_t{1} << 30;
constexpr std::uint64_t kMostPcBytes = std::uint64_t{16} << 20;  // of an nmethod's list of places
constexpr std::size_t kPcsAtOnce = 256;
constexpr std::size_t kMostInlined = 128;
constexpr std::size_t kScopeBytes = 16;  // three numbers of five bytes at most
constexpr std::uint32_t kMostMetadata = 1U << 20;

}  // namespace

std::optional<CodeBlob> CodeBlob::read(const Hotspot& vm, MemoryReader& memory, std::uint64_t address) {
    if (!vm.code.contains(address)) return std::nullopt;
    CodeBlob blob(vm.layout, memory, address);
    const auto name_at = static_cast<std::uint64_t>(blob.number(vm.layout.name));
    const auto size = static_cast<std::uint64_t>(blob.number(vm.layout.size));
    auto name = name_at != 0 ? memory.text(name_at, kMostName) : std::nullopt;
    if (!name || name->empty() || size == 0 || size > kMostBlob || !vm.code.contains(address + size - 1))
        return std::nullopt;
    blob.name_ = *std::move(name);
    blob.size_ = static_cast<std::uint32_t>(size);
    return blob;
}

std::uint32_t CodeBlob::compile_id() const { return static_cast<std::uint32_t>(number(layout_->compile_id)); }

std::uint64_t CodeBlob::method() const { return static_cast<std::uint64_t>(number(layout_->method)); }

std::int64_t CodeBlob::number(HotspotNumber field) const {
    const std::uint64_t at = address_ + field.offset;
    switch (field.bytes) {
        case 1:
            return memory_->value<std::uint8_t>(at).value_or(0);
        case 2:
            return memory_->value<std::uint16_t>(at).value_or(0);
        case 4:
            return memory_->value<std::int32_t>(at).value_or(0);
        case 8:
            return memory_->value<std::int64_t>(at).value_or(0);
        default:
            return 0;
    }
}

std::uint64_t CodeBlob::place(HotspotNumber field) const {
    const auto value = static_cast<std::uint64_t>(number(field));
    return field.bytes == sizeof(std::uint64_t) ? value : address_ + value;
}

std::uint64_t CodeBlob::place_in(HotspotLayout::From from, HotspotNumber field) const {
    const auto value = static_cast<std::uint64_t>(number(field));
    if (field.bytes == sizeof(std::uint64_t)) return value;
    switch (from) {
        case HotspotLayout::From::kBlob:
            return address_ + value;
        case HotspotLayout::From::kData:
            return place(layout_->data) + value;
        case HotspotLayout::From::kImmutableData:
            return place(layout_->immutable_data) + value;
        case HotspotLayout::From::kMutableDataBehindRelocations:
            return place(layout_->mutable_data) + static_cast<std::uint64_t>(number(layout_->relocation_size)) + value;
    }
    return 0;
}

std::uint64_t CodeBlob::metadata() const { return place_in(layout_->metadata_from, layout_->metadata); }

// Where the scopes of an instruction are told, in the data of scopes; 0 there is told, too: of none.
std::optional<std::uint32_t> CodeBlob::scope_offset_at(std::uint32_t position, bool exact) const {
    const std::uint64_t begin = place_in(layout_->scopes_from, layout_->scopes_pcs);
    const std::uint64_t end = place_in(layout_->scopes_from, layout_->scopes_pcs_end);
    const std::size_t each = layout_->pc_desc_bytes;
    const std::int64_t wanted =
        static_cast<std::int64_t>(address_ + position - place(layout_->code_begin)) + (exact ? 1 : 0);
    if (end <= begin || end - begin > kMostPcBytes || wanted < 0 ||
        each < layout_->pc_offset.offset + sizeof(std::int32_t) ||
        each < layout_->scope_offset.offset + sizeof(std::int32_t)) {
        return std::nullopt;
    }
    // In ascending order.
    for (std::uint64_t at = begin; at + each <= end;) {
        const std::size_t count = std::min<std::uint64_t>((end - at) / each, kPcsAtOnce);
        const auto bytes = memory_->bytes(at, count * each);
        if (!bytes) return std::nullopt;
        for (std::size_t i = 0; i < count; ++i) {
            std::int32_t offset = 0;
            std::uint32_t scope = 0;
            std::memcpy(&offset, bytes->data() + i * each + layout_->pc_offset.offset, sizeof offset);
            if (offset < wanted) continue;
            std::memcpy(&scope, bytes->data() + i * each + layout_->scope_offset.offset, sizeof scope);
            return scope;
        }
        at += count * each;
    }
    return std::nullopt;
}

std::vector<JavaScope> CodeBlob::scopes_at(std::uint32_t position, bool exact) const {
    std::vector<JavaScope> scopes;
    const std::uint64_t data = place_in(layout_->scopes_from, layout_->scopes_data);
    const std::uint64_t methods = metadata();
    std::uint32_t next = scope_offset_at(position, exact).value_or(0);
    while (next != 0 && scopes.size() < kMostInlined) {
        std::array<std::byte, kScopeBytes> bytes{};
        std::span<std::byte> read = bytes;
        // The last one may lie at the end of what can be read.
        while (!read.empty() && !memory_->read(data + next, read)) read = read.first(read.size() / 2);
        HotspotNumbers numbers(read, layout_->numbers_without_zeros);
        const std::uint32_t sender = numbers.number();
        const std::uint32_t method = numbers.number();  // 0 is none
        const auto bci = static_cast<std::int32_t>(numbers.number()) - 1;
        if (!numbers.ok() || method == 0 || method > kMostMetadata || sender >= next) return {};
        const auto pointer = memory_->value<std::uint64_t>(methods + (method - std::uint64_t{1}) * sizeof(std::uint64_t));
        if (!pointer || *pointer == 0) return {};
        scopes.push_back({*pointer, bci});
        next = sender;
    }
    return next == 0 ? scopes : std::vector<JavaScope>();
}

}  // namespace footfall
