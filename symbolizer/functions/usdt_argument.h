// Where an argument of a USDT probe lies at one of its sites, as the site's note says.
//
// The note has a text for each argument, apart by spaces: N@OPERAND, where N is how many bytes it has (1, 2, 4 or 8, below
// zero if they have a sign) and OPERAND is how the assembler writes it: $5, %rdi, -8(%rbp), (%rax,%rbx,4), total+8(%rip)
// (SystemTap's wiki, UserSpaceProbeImplementation). Those of floating point (8f@), in vector registers and in the second
// byte of a register are not read.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace footfall {

enum class ArgumentIn : std::uint8_t { kConstant, kRegister, kMemory };

struct UsdtArgument {
    ArgumentIn in{};
    std::int8_t bytes = 8;            // 1, 2, 4 or 8, below zero if it has a sign
    std::uint8_t base = kNoRegister;  // the register, or what the address is counted from, by DWARF number (0 to 16)
    std::uint8_t index = kNoRegister;
    std::uint8_t shift = 0;   // of the index, 0 to 3
    std::int64_t offset = 0;  // or the constant
    static constexpr std::uint8_t kNoRegister = 0xff;
    static constexpr std::uint8_t kInstruction = 16;  // rip: where the site is
    bool operator==(const UsdtArgument&) const = default;
};

// Of a variable of the file; nothing where none has the name, or several do.
using AddressOfVariable = std::function<std::optional<std::uint64_t>(std::string_view name)>;

// place: 1 is the first. site: the address of the site, which variables are counted from. Nothing where the note has none,
// or it can't be read.
[[nodiscard]] std::optional<UsdtArgument> usdt_argument(std::string_view arguments, unsigned place, std::uint64_t site = 0,
                                                        const AddressOfVariable& address_of = {});

}  // namespace footfall
