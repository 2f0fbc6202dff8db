// How functions of Go begin: the instructions that make room on the stack and keep the caller's frame pointer. Go's tables
// say how deep the stack is, but not where rbp went. x86-64. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace footfall {

constexpr std::int32_t kGoSlotBytes = 8;   // of a register on the stack
constexpr std::size_t kGoGrowthBytes = 7;  // of the longest instruction that makes room
constexpr std::size_t kGoPrologueBytes = kGoGrowthBytes + 16;

struct GoPrologue {
    bool grows = false;              // the last instruction took `depth` off the stack pointer
    std::optional<unsigned> saved;   // bytes from there to where the caller's rbp lies right below the return address
    std::optional<unsigned> framed;  // and to where rbp is the address of it
};

// bytes: of code around the place where the stack has grown to depth, kGoGrowthBytes of them in front of it.
[[nodiscard]] GoPrologue read_go_prologue(std::span<const std::uint8_t, kGoPrologueBytes> bytes, std::int32_t depth);

}  // namespace footfall
