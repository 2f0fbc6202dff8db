#include "agent/config/values.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>
#include <span>

namespace footfall {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t size;
};

// A unit whose name begins another's comes after it.
constexpr std::array kDurationUnits{Unit{"d", 86'400'000'000'000},
                                    Unit{"h", 3'600'000'000'000},
                                    Unit{"ms", 1'000'000},
                                    Unit{"m", 60'000'000'000},
                                    Unit{"s", 1'000'000'000},
                                    Unit{"us", 1000},
                                    Unit{"ns", 1}};
constexpr std::array kSizeUnits{Unit{"KiB", 1U << 10}, Unit{"MiB", 1U << 20}, Unit{"GiB", 1U << 30}, Unit{"B", 1}};

tl::unexpected<Error> bad_value(std::string_view text, std::string_view expected) {
    return failure(fmt::format("'{}' is not {}", text, expected), {}, ExitCode::kBadConfig);
}

// Takes the number at the front of text, or nothing where there is none or it is too large.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

const Unit* take_unit(std::string_view& text, std::span<const Unit> units) {
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return text.starts_with(u.name); });
    if (unit == units.end()) return nullptr;
    text.remove_prefix(unit->name.size());
    return &*unit;
}

bool overflows(std::uint64_t value, std::uint64_t size, std::uint64_t sum) {
    return value > (std::numeric_limits<std::uint64_t>::max() - sum) / size;
}

bool is_address(const std::string& host, int family) {
    std::array<std::uint8_t, sizeof(in6_addr)> parsed{};
    return inet_pton(family, host.c_str(), parsed.data()) == 1;
}

}  // namespace

bool ListenAddress::loopback() const {
    return host == "localhost" || host == "::1" || (host.starts_with("127.") && is_address(host, AF_INET));
}

std::string ListenAddress::text() const {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

Result<std::uint64_t> parse_duration(std::string_view text) {
    static constexpr std::string_view kExpected = "a duration such as 15s, 5m, 1h30m or 250ms";
    if (is_number(text)) {
        return failure(fmt::format("'{}' is not a duration: it has no unit", text),
                       fmt::format("write {0}s for seconds (or {0}ms, {0}m, {0}h)", text), ExitCode::kBadConfig);
    }
    std::string_view rest = text;
    std::uint64_t sum = 0;
    std::uint64_t unit_before = std::numeric_limits<std::uint64_t>::max();
    do {
        const auto value = take_number(rest);
        const Unit* unit = value ? take_unit(rest, kDurationUnits) : nullptr;
        if (unit == nullptr || unit->size >= unit_before || overflows(*value, unit->size, sum))
            return bad_value(text, kExpected);
        sum += *value * unit->size;
        unit_before = unit->size;
    } while (!rest.empty());
    return sum;
}

Result<std::uint64_t> parse_size(std::string_view text) {
    std::string_view rest = text;
    const auto value = take_number(rest);
    const Unit bytes{"", 1};
    const Unit* unit = rest.empty() ? &bytes : take_unit(rest, kSizeUnits);
    if (!value || unit == nullptr || !rest.empty() || overflows(*value, unit->size, 0)) {
        return bad_value(text, "a size such as 64KiB, 8MiB or 1GiB");
    }
    return *value * unit->size;
}

Result<double> parse_percent(std::string_view text) {
    double percent = 0;
    const std::string_view digits = text.ends_with('%') ? text.substr(0, text.size() - 1) : text;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), percent);
    const bool is_number = error == std::errc{} && end == digits.data() + digits.size();
    if (!is_number || !text.ends_with('%') || !(percent > 0) || percent > 100)
        return bad_value(text, "a share such as 5% or 0.5%");
    return percent / 100;
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
    static constexpr std::string_view kExpected = "an address to listen at such as 127.0.0.1:9843, [::1]:9843 or :9843";
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return bad_value(text, kExpected);
    const auto port = parse_number(text.substr(colon + 1), 1, std::numeric_limits<std::uint16_t>::max());
    if (!port) return bad_value(text, kExpected);

    std::string host(text.substr(0, colon));
    const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const bool valid =
        bracketed ? is_address(host, AF_INET6) : host.empty() || host == "localhost" || is_address(host, AF_INET);
    if (!valid) return bad_value(text, kExpected);
    return ListenAddress{host, static_cast<std::uint16_t>(*port)};
}

Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most) {
    std::string_view rest = text;
    const auto value = take_number(rest);
    if (!value || !rest.empty() || *value < least || *value > most) {
        return bad_value(text, fmt::format("a whole number from {} to {}", least, most));
    }
    return *value;
}

}  // namespace footfall
