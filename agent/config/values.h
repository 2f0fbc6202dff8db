// The values that people write in flags and in the configuration, with units.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace footfall {

// Where the web server listens.
struct ListenAddress {
    std::string host;  // an IP address without brackets, or "localhost"; empty: all addresses of the machine
    std::uint16_t port = 0;

    [[nodiscard]] bool loopback() const;
    // "127.0.0.1:9843", "[::1]:9843", ":9843"
    [[nodiscard]] std::string text() const;
    bool operator==(const ListenAddress&) const = default;
};

// All of these fail with kBadConfig, and say what they expect.

// "15s", "5m", "1h30m", "250ms", "10us": whole numbers with ns, us, ms, s, m, h or d, largest unit first. In nanoseconds.
[[nodiscard]] Result<std::uint64_t> parse_duration(std::string_view text);

// "8MiB", "64KiB", "512B", "4096": whole numbers of B, KiB, MiB or GiB; bytes where there is no unit.
[[nodiscard]] Result<std::uint64_t> parse_size(std::string_view text);

// "5%", "0.5%": above 0, and up to 100. The share of one.
[[nodiscard]] Result<double> parse_percent(std::string_view text);

// HOST:PORT as in ListenAddress::text.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

// Decimal digits only, from least to most.
[[nodiscard]] Result<std::uint64_t> parse_number(std::string_view text, std::uint64_t least, std::uint64_t most);

}  // namespace footfall
