#include "agent/config/calls_by.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "agent/base/text.h"
#include "agent/config/values.h"

namespace footfall {
namespace {

struct NamedBy {
    std::string_view name;
    FunctionBy by;
};
constexpr std::array kNamedBy{NamedBy{"process", FunctionBy::kProcess}, NamedBy{"thread", FunctionBy::kThread},
                              NamedBy{"user", FunctionBy::kUser}, NamedBy{"caller", FunctionBy::kCaller},
                              NamedBy{"operation", FunctionBy::kOperation}};

constexpr std::array<std::string_view, 5> kTypes{"int", "uint", "long", "ulong", "string"};
constexpr std::string_view kArgument = "arg";
constexpr std::string_view kPowers = "log2";

std::optional<ArgumentType> type_of(std::string_view name) {
    const auto* const found = std::find(kTypes.begin(), kTypes.end(), name);
    if (found == kTypes.end()) return std::nullopt;
    return static_cast<ArgumentType>(found - kTypes.begin());
}

std::optional<FunctionArgument> parse_argument(std::string_view text) {
    const auto parts = split(text, ':');
    if (!parts.front().starts_with(kArgument) || parts.size() > 3) return std::nullopt;
    const auto place = parse_number(parts.front().substr(kArgument.size()), 1, kMostArguments);
    if (!place) return std::nullopt;
    FunctionArgument argument;
    argument.place = static_cast<unsigned>(*place);
    if (parts.size() == 1) return argument;
    const auto type = type_of(parts[1]);
    if (!type) return std::nullopt;
    argument.type = *type;
    argument.log2 = parts.size() == 3;
    if (argument.log2 && (parts[2] != kPowers || *type == ArgumentType::kString)) return std::nullopt;
    return argument;
}

std::string power_text(std::int64_t bits) {
    if (bits == 0) return "0";
    const auto size = static_cast<std::uint64_t>(bits < 0 ? -bits : bits);
    const std::uint64_t least = std::uint64_t{1} << (size - 1);
    const std::uint64_t most = least - 1 + least;
    const std::string_view sign = bits < 0 ? "-" : "";
    if (least == most) return fmt::format("{}{}", sign, least);
    return bits < 0 ? fmt::format("-{}–-{}", most, least) : fmt::format("{}–{}", least, most);
}

std::string string_text(std::uint64_t value, std::string_view text) {
    if (value == kNoString) return "no string";
    const bool cut = text.size() >= kArgumentText;
    return fmt::format("\"{}\"{}", text, cut ? "…" : "");
}

}  // namespace

Result<CallsBy> parse_calls_by(std::string_view text) {
    for (const NamedBy& named : kNamedBy) {
        if (named.name == text) return CallsBy{named.by, {}};
    }
    if (const auto argument = parse_argument(text)) return CallsBy{FunctionBy::kArgument, *argument};
    return failure(fmt::format("calls can't be told apart by '{}'", text),
                   fmt::format("write process, thread, user, caller, operation, or "
                               "argN[:int|uint|long|ulong[:log2]|:string] with N from 1 to {}",
                               kMostArguments),
                   ExitCode::kUsage);
}

std::string text_of(const CallsBy& by) {
    if (by.what == FunctionBy::kNothing) return {};
    for (const NamedBy& named : kNamedBy) {
        if (named.by == by.what) return std::string(named.name);
    }
    const FunctionArgument& argument = by.argument;
    return fmt::format("{}{}:{}{}", kArgument, argument.place, kTypes.at(static_cast<std::size_t>(argument.type)),
                       argument.log2 ? ":log2" : "");
}

std::string argument_text(const FunctionArgument& argument, std::uint64_t value, std::string_view text) {
    if (argument.type == ArgumentType::kString) return string_text(value, text);
    if (argument.log2) return power_text(static_cast<std::int64_t>(value));
    const bool is_signed = argument.type == ArgumentType::kInt || argument.type == ArgumentType::kLong;
    return is_signed ? fmt::format("{}", static_cast<std::int64_t>(value)) : fmt::format("{}", value);
}

}  // namespace footfall
