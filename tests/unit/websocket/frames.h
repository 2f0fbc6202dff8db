// Frames of WebSocket as a test writes them (RFC 6455).
#pragma once

#include <cstddef>
#include <string>

namespace footfall::websocket {

inline constexpr unsigned kText = 1;
inline constexpr unsigned kContinuation = 0;
inline constexpr unsigned kPing = 9;
inline constexpr unsigned kPong = 10;

inline std::string frame(unsigned opcode, bool final, std::size_t length, bool masked) {
    std::string bytes(1, static_cast<char>((final ? 0x80U : 0U) | opcode));
    const unsigned mask = masked ? 0x80 : 0;
    if (length < 126) {
        bytes += static_cast<char>(mask | length);
    } else if (length < 65536) {
        bytes += static_cast<char>(mask | 126);
        bytes += static_cast<char>(length >> 8U);
        bytes += static_cast<char>(length & 0xffU);
    } else {
        bytes += static_cast<char>(mask | 127);
        for (int shift = 56; shift >= 0; shift -= 8)
            bytes += static_cast<char>(length >> static_cast<unsigned>(shift) & 0xffU);
    }
    if (masked) bytes += "mask";
    return bytes + std::string(length, 'x');
}
inline std::string from_client(std::size_t length) { return frame(kText, true, length, true); }
inline std::string from_server(std::size_t length) { return frame(kText, true, length, false); }

}  // namespace footfall::websocket
