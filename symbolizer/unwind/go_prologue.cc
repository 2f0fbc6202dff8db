#include "symbolizer/unwind/go_prologue.h"

#include <array>
#include <cstring>

namespace footfall {
namespace {

using Code = std::span<const std::uint8_t, kGoPrologueBytes>;

constexpr std::int32_t kMostByte = 127;
constexpr std::uint8_t kPushRbp = 0x55;

// Whether these instruction bytes, and behind them so many bytes of a number, stand in the code at `at`.
template <std::size_t kSize>
bool is_at(Code code, std::size_t at, const std::array<std::uint8_t, kSize>& instruction, std::int32_t number,
           std::size_t number_bytes) {
    return std::memcmp(code.data() + at, instruction.data(), kSize) == 0 &&
           std::memcmp(code.data() + at + kSize, &number, number_bytes) == 0;
}

bool grows_by_number(Code code, std::int32_t depth) {
    constexpr std::array<std::uint8_t, 3> kSubByte = {0x48, 0x83, 0xec};
    constexpr std::array<std::uint8_t, 3> kSub = {0x48, 0x81, 0xec};
    constexpr std::array<std::uint8_t, 3> kAddByte = {0x48, 0x83, 0xc4};  // of -128, which is shorter than to subtract 128
    if (depth <= kMostByte) return is_at(code, kGoGrowthBytes - 4, kSubByte, depth, 1);
    if (depth == kMostByte + 1) return is_at(code, kGoGrowthBytes - 4, kAddByte, -depth, 1);
    return is_at(code, kGoGrowthBytes - 7, kSub, depth, 4);
}

// Up to Go 1.20: make room, then `mov %rbp,N(%rsp)` and `lea N(%rsp),%rbp`.
GoPrologue saved_by_move(Code code, std::int32_t depth) {
    const std::int32_t slot = depth - kGoSlotBytes;
    std::uint8_t place = 0xac;  // N in four bytes
    std::size_t number_bytes = sizeof slot;
    if (slot <= kMostByte) {
        place = slot == 0 ? 0x2c : 0x6c;
        number_bytes = slot == 0 ? 0 : 1;
    }
    const std::array<std::uint8_t, 4> move = {0x48, 0x89, place, 0x24};
    const std::array<std::uint8_t, 4> lea = {0x48, 0x8d, place, 0x24};
    const auto length = static_cast<unsigned>(move.size() + number_bytes);
    GoPrologue prologue{.grows = true, .saved = {}, .framed = {}};
    if (!is_at(code, kGoGrowthBytes, move, slot, number_bytes)) return prologue;
    prologue.saved = length;
    if (is_at(code, kGoGrowthBytes + length, lea, slot, number_bytes)) prologue.framed = 2 * length;
    return prologue;
}

}  // namespace

GoPrologue read_go_prologue(Code bytes, std::int32_t depth) {
    // Since Go 1.21: `push %rbp`, `mov %rsp,%rbp`.
    constexpr std::array<std::uint8_t, 3> kSetRbp = {0x48, 0x89, 0xe5};
    if (depth == kGoSlotBytes && bytes[kGoGrowthBytes - 1] == kPushRbp) {
        const bool framed = std::memcmp(bytes.data() + kGoGrowthBytes, kSetRbp.data(), kSetRbp.size()) == 0;
        return {.grows = true, .saved = 0, .framed = framed ? std::optional<unsigned>(kSetRbp.size()) : std::nullopt};
    }
    return grows_by_number(bytes, depth) ? saved_by_move(bytes, depth) : GoPrologue{};
}

}  // namespace footfall
