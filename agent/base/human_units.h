// Numbers as people read them at a glance: three significant digits and a unit. Pure functions.
#pragma once

#include <cstdint>
#include <string>

namespace footfall {

// "12,345,678"
[[nodiscard]] std::string grouped(std::uint64_t number);

// "0", "850ns", "1.23ms", "12.3ms", "123ms", "1.50s", "2m05s", "1h02m"
[[nodiscard]] std::string human_duration(double seconds);

// "0", "512B", "3.40KiB", "12.0MiB"
[[nodiscard]] std::string human_bytes(std::uint64_t bytes);

// "0.3%", "12%", "<0.1%", "100%": never rounded to none or to all.
[[nodiscard]] std::string human_share(std::uint64_t part, std::uint64_t whole);

}  // namespace footfall
