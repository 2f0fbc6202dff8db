#include "symbolizer/functions/usdt_argument.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace footfall {
namespace {

// By DWARF number, each in its four lengths (System V ABI, figure 3.36).
constexpr std::array<std::array<std::string_view, 4>, 16> kRegisters{{
    {"rax", "eax", "ax", "al"},
    {"rdx", "edx", "dx", "dl"},
    {"rcx", "ecx", "cx", "cl"},
    {"rbx", "ebx", "bx", "bl"},
    {"rsi", "esi", "si", "sil"},
    {"rdi", "edi", "di", "dil"},
    {"rbp", "ebp", "bp", "bpl"},
    {"rsp", "esp", "sp", "spl"},
    {"r8", "r8d", "r8w", "r8b"},
    {"r9", "r9d", "r9w", "r9b"},
    {"r10", "r10d", "r10w", "r10b"},
    {"r11", "r11d", "r11w", "r11b"},
    {"r12", "r12d", "r12w", "r12b"},
    {"r13", "r13d", "r13w", "r13b"},
    {"r14", "r14d", "r14w", "r14b"},
    {"r15", "r15d", "r15w", "r15b"},
}};

// Takes the word up to the mark away, and the mark; all, where it is not there.
std::string_view take_to(std::string_view& text, char mark) {
    const std::size_t end = text.find(mark);
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return word;
}

std::optional<std::int64_t> number_in(std::string_view text) {
    std::int64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [last, error] = std::from_chars(text.data(), end, value);
    return error == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

std::optional<std::uint8_t> register_in(std::string_view text, bool whole) {
    if (!text.starts_with('%')) return std::nullopt;
    for (std::size_t number = 0; number < kRegisters.size(); ++number) {
        const auto& names = kRegisters.at(number);
        const auto* const last = whole ? names.begin() + 1 : names.end();
        if (std::find(names.begin(), last, text.substr(1)) != last) return static_cast<std::uint8_t>(number);
    }
    return std::nullopt;
}

std::optional<std::uint8_t> shift_in(std::string_view scale) {
    constexpr std::array<std::string_view, 4> kScales{"1", "2", "4", "8"};
    const auto* const found = std::find(kScales.begin(), kScales.end(), scale);
    return found != kScales.end() ? std::optional(static_cast<std::uint8_t>(found - kScales.begin())) : std::nullopt;
}

// "total+8(%rip)"
std::optional<UsdtArgument> variable_at(std::string_view name, UsdtArgument argument, std::uint64_t site,
                                        const AddressOfVariable& address_of) {
    const std::size_t end = name.find_first_of("+-", 1);
    std::string_view offset = end == std::string_view::npos ? "0" : name.substr(end);
    if (offset.starts_with('+')) offset.remove_prefix(1);
    const auto behind = number_in(offset);
    const auto address = address_of ? address_of(name.substr(0, end)) : std::nullopt;
    if (!behind || !address) return std::nullopt;
    argument.in = ArgumentIn::kMemory;
    argument.base = UsdtArgument::kInstruction;
    argument.offset = static_cast<std::int64_t>(*address + static_cast<std::uint64_t>(*behind) - site);
    return argument;
}

// "-8(%rbp,%rax,4)"
std::optional<UsdtArgument> memory_at(std::string_view operand, UsdtArgument argument) {
    argument.in = ArgumentIn::kMemory;
    const std::string_view offset = take_to(operand, '(');
    if (!operand.ends_with(')')) return std::nullopt;
    operand.remove_suffix(1);
    if (!offset.empty()) {
        const auto value = number_in(offset);
        if (!value) return std::nullopt;
        argument.offset = *value;
    }
    const std::string_view base = take_to(operand, ',');
    const std::string_view index = take_to(operand, ',');
    if (!base.empty()) {
        const auto number = register_in(base, true);
        if (!number) return std::nullopt;
        argument.base = *number;
    }
    if (!index.empty()) {
        const auto number = register_in(index, true);
        const auto shift = operand.empty() ? std::optional(std::uint8_t{0}) : shift_in(operand);
        if (!number || !shift) return std::nullopt;
        argument.index = *number;
        argument.shift = *shift;
    }
    const bool is_somewhere = argument.base != UsdtArgument::kNoRegister || argument.index != UsdtArgument::kNoRegister;
    return is_somewhere ? std::optional(argument) : std::nullopt;
}

std::optional<UsdtArgument> argument_in(std::string_view text, std::uint64_t site, const AddressOfVariable& address_of) {
    const std::string_view size = take_to(text, '@');
    const auto bytes = number_in(size);
    constexpr std::array<std::int64_t, 8> kSizes{1, 2, 4, 8, -1, -2, -4, -8};
    if (!bytes || std::find(kSizes.begin(), kSizes.end(), *bytes) == kSizes.end()) return std::nullopt;
    UsdtArgument argument{.bytes = static_cast<std::int8_t>(*bytes)};
    if (text.starts_with('$')) {
        const auto value = number_in(text.substr(1));
        if (!value) return std::nullopt;
        argument.in = ArgumentIn::kConstant;
        argument.offset = *value;
        return argument;
    }
    constexpr std::string_view kFromHere = "(%rip)";
    if (text.ends_with(kFromHere))
        return variable_at(text.substr(0, text.size() - kFromHere.size()), argument, site, address_of);
    if (!text.starts_with('%')) return memory_at(text, argument);
    const auto number = register_in(text, false);
    if (!number) return std::nullopt;
    argument.in = ArgumentIn::kRegister;
    argument.base = *number;
    return argument;
}

}  // namespace

std::optional<UsdtArgument> usdt_argument(std::string_view arguments, unsigned place, std::uint64_t site,
                                          const AddressOfVariable& address_of) {
    while (!arguments.empty()) {
        const std::string_view text = take_to(arguments, ' ');
        if (!text.empty() && --place == 0) return argument_in(text, site, address_of);
    }
    return std::nullopt;
}

}  // namespace footfall
