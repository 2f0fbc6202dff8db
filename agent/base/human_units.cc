#include "agent/base/human_units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>

namespace footfall {
namespace {

// "1.23", "12.3", "123", "1023"
std::string three_digits(double value) {
    if (value < 9.995) return fmt::format("{:.2f}", value);
    if (value < 99.95) return fmt::format("{:.1f}", value);
    return fmt::format("{:.0f}", value);
}

std::string long_duration(double seconds) {
    constexpr double kLongest = 9e9;
    const auto whole = static_cast<std::uint64_t>(std::llround(std::fmin(seconds, kLongest)));
    if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
    return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string grouped(std::uint64_t number) {
    const std::string digits = std::to_string(number);
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i != 0 && (digits.size() - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string human_duration(double seconds) {
    if (!(seconds > 0)) return "0";
    const double nanoseconds = seconds * 1e9;
    if (nanoseconds < 999.5) return fmt::format("{:.0f}ns", std::fmax(nanoseconds, 1));
    if (nanoseconds < 999.5e3) return three_digits(nanoseconds / 1e3) + "µs";
    if (nanoseconds < 999.5e6) return three_digits(nanoseconds / 1e6) + "ms";
    if (seconds < 59.95) return three_digits(seconds) + "s";
    return long_duration(seconds);
}

std::string human_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 6> kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    constexpr double kStep = 1024;
    constexpr double kRoundsUp = 1023.5;
    if (bytes == 0) return "0";
    if (bytes < 1024) return fmt::format("{}B", bytes);
    double value = static_cast<double>(bytes) / kStep;
    std::size_t unit = 0;
    for (; value >= kRoundsUp && unit + 1 < kUnits.size(); ++unit) value /= kStep;
    return three_digits(value) + std::string(kUnits[unit]);
}

std::string human_share(std::uint64_t part, std::uint64_t whole) {
    if (part == 0 || whole == 0) return "0%";
    if (part >= whole) return "100%";
    const double percent = static_cast<double>(part) / static_cast<double>(whole) * 100;
    if (percent < 0.1) return "<0.1%";
    if (percent > 99.9) return ">99.9%";
    return percent < 9.95 || percent >= 99.5 ? fmt::format("{:.1f}%", percent) : fmt::format("{:.0f}%", percent);
}

}  // namespace footfall
