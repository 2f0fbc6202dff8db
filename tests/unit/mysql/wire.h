// MySQL's packets as tests write them, and a connection that has logged in.
#pragma once

#include <string>
#include <string_view>

#include "agent/protocols/mysql/mysql_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::mysql {

using namespace std::string_literals;
using namespace std::string_view_literals;

inline std::string little(std::uint64_t value, std::size_t width) {
    std::string bytes;
    for (std::size_t i = 0; i < width; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
    return bytes;
}
inline std::string packet(std::uint8_t sequence, std::string_view body) {
    return little(body.size(), 3) + static_cast<char>(sequence) + std::string(body);
}

inline std::string command(std::uint8_t number, std::string_view argument = {}) {
    return packet(0, static_cast<char>(number) + std::string(argument));
}
inline std::string query(std::string_view text) { return command(0x03, text); }
inline std::string ok(std::uint8_t sequence = 1, std::uint16_t status = 2) {
    return packet(sequence, "\0\0\0"s + little(status, 2) + "\0\0"s);
}
inline std::string eof(std::uint8_t sequence, std::uint16_t status = 2) {
    return packet(sequence, "\xFE\0\0"s + little(status, 2));
}
inline std::string ok_as_eof(std::uint8_t sequence, std::uint16_t status = 2) {
    return packet(sequence, "\xFE\0\0"s + little(status, 2) + "\0\0"s);
}
inline std::string error(std::uint8_t sequence, std::uint16_t number, std::string_view state, std::string_view text) {
    return packet(sequence, "\xFF" + little(number, 2) + "#" + std::string(state) + std::string(text));
}
inline std::string column(std::uint8_t sequence) {
    return packet(sequence, "\3def\0\0\0\1x\0\x0C\x3F\0\1\0\0\0\3\x81\0\0\0\0"s);
}
// One column and so many rows.
inline std::string rows(int count, std::uint8_t sequence = 1, std::uint16_t status = 2) {
    std::string bytes = packet(sequence, "\1") + column(sequence + 1) + eof(sequence + 2);
    sequence += 3;
    for (int i = 0; i < count; ++i) bytes += packet(sequence++, "\5value");
    return bytes + eof(sequence, status);
}

// Bits of capabilities.
constexpr std::uint32_t kUsual = 0x0000'A285;  // PROTOCOL_41, SECURE_CONNECTION, TRANSACTIONS …
inline std::string greeting(std::uint32_t capabilities = 0x81FF'F7FE) {
    return packet(0, "\n5.5.5-10.11.19-MariaDB-0+deb12u1\0"s + little(104, 4) + "V@{o:sT+\0"s +
                         little(capabilities & 0xFFFF, 2) + "\x2D" + little(2, 2) + little(capabilities >> 16, 2) + "\x15" +
                         std::string(10, '\0') + "123456789012\0mysql_native_password\0"s);
}
// Behind a request for TLS its sequence is 2.
inline std::string login(std::uint32_t capabilities = kUsual, std::uint8_t sequence = 1) {
    return packet(sequence, little(capabilities, 4) + little(0x1000000, 4) + "\x2D" + std::string(23, '\0') + "app\0\x14"s +
                                std::string(20, 'h') + "shop\0mysql_native_password\0"s);
}

// As the server sees it.
class Wire : public WireOf<MysqlReader> {
public:
    using WireOf::WireOf;
    Wire& logged_in(std::uint32_t capabilities = kUsual) {
        sent(greeting());
        received(login(capabilities));
        sent(ok(2));
        return *this;
    }
    void exchange(std::string_view request, std::string_view answer) {
        received(request);
        sent(answer);
    }
};

}  // namespace footfall::mysql
