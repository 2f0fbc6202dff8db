// Cassandra's frames and segments.
#pragma once

#include <cstdint>
#include <string>

#include "agent/protocols/cassandra/cassandra_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::cassandra {

using Wire = WireOf<CassandraReader>;

inline std::string number(std::uint32_t value, int bytes) {
    std::string text;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        text += static_cast<char>(value >> static_cast<unsigned>(shift));
    return text;
}
inline std::string short_text(const std::string& text) { return number(static_cast<std::uint32_t>(text.size()), 2) + text; }
inline std::string long_text(const std::string& text) { return number(static_cast<std::uint32_t>(text.size()), 4) + text; }

inline std::string frame(std::uint32_t version, std::uint32_t flags, std::uint32_t stream, OpCode code,
                         const std::string& body) {
    return number(version, 1) + number(flags, 1) + number(stream, 2) + number(static_cast<std::uint32_t>(code), 1) +
           long_text(body);
}
inline std::string request(std::uint32_t stream, OpCode code, const std::string& body) {
    return frame(4, 0, stream, code, body);
}
inline std::string response(std::uint32_t stream, OpCode code, const std::string& body) {
    return frame(0x84, 0, stream, code, body);
}

// Behind the statement: consistency, flags.
inline std::string query(std::uint32_t stream, const std::string& text) {
    return request(stream, OpCode::kQuery, long_text(text) + number(1, 2) + number(0, 1));
}
inline std::string startup(std::uint32_t version, const std::string& more = "") {
    const std::string option = short_text("CQL_VERSION") + short_text("3.4.6");
    return frame(version, 0, 0, OpCode::kStartup, number(more.empty() ? 1 : 2, 2) + option + more);
}
inline std::string rows(std::uint32_t stream) { return response(stream, OpCode::kResult, number(2, 4)); }
inline std::string error(std::uint32_t stream, std::uint32_t code) {
    return response(stream, OpCode::kError, number(code, 4) + short_text("secret"));
}

// As the specification makes the checksum, byte by byte from the left.
inline std::uint32_t checksum_of(std::uint64_t bytes, int count) {
    std::uint32_t sum = 0x875060;
    for (int i = 0; i < count; ++i) {
        sum ^= static_cast<std::uint32_t>(bytes >> (8U * static_cast<unsigned>(i)) & 0xFFU) << 16U;
        for (int bit = 0; bit < 8; ++bit) sum = (sum << 1U) ^ ((sum & 0x800000U) != 0 ? 0x1974F0BU : 0U);
    }
    return sum & 0xFFFFFFU;
}
inline std::string segment(const std::string& payload, bool whole = true) {
    const std::uint32_t bits = static_cast<std::uint32_t>(payload.size()) | (whole ? 0x20000U : 0U);
    const std::uint32_t sum = checksum_of(bits, 3);
    std::string text;
    for (unsigned shift = 0; shift < 24; shift += 8) text += static_cast<char>(bits >> shift);
    for (unsigned shift = 0; shift < 24; shift += 8) text += static_cast<char>(sum >> shift);
    return text + payload + "sum!";
}

}  // namespace footfall::cassandra
