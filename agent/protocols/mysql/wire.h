// The smallest pieces of MySQL's protocol: packet headers, integers, and the packets that end a result.
// Sources: "MySQL Client/Server Protocol" (MySQL's source documentation) and "MariaDB: Client/Server Protocol" (its
// Knowledge Base). Everything is little-endian; what lies about its length reads as nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall::mysql {

constexpr std::size_t kHeaderSize = 4;              // three bytes of length, one of sequence
constexpr std::uint32_t kWholePacket = 0xFF'FF'FF;  // so long that the next packet goes on with it
constexpr std::uint32_t kEofLength = 5;             // 0xFE, warnings, status: with CLIENT_DEPRECATE_EOF an OK packet is sent
constexpr std::size_t kEndKept = 32;                // bytes of a packet that tell whether and how it ends a result

// First bytes of packets.
constexpr std::uint8_t kOk = 0x00;
constexpr std::uint8_t kMoreAuthentication = 0x01;
constexpr std::uint8_t kLocalInfile = 0xFB;
constexpr std::uint8_t kEof = 0xFE;
constexpr std::uint8_t kError = 0xFF;

// Bits of the server's status.
constexpr std::uint16_t kMoreResults = 0x0008;
constexpr std::uint16_t kCursorExists = 0x0040;

struct PacketHeader {
    std::uint32_t length = 0;
    std::uint8_t sequence = 0;
};

// header: kHeaderSize bytes.
PacketHeader packet_header(std::string_view header);

// Reads from the front of a packet. Past its end everything is 0, and ok() is false from then on.
class Fields {
public:
    explicit Fields(std::string_view bytes) : bytes_(bytes) {}

    std::uint64_t integer(std::size_t width);
    std::uint64_t length_encoded();  // 0xFB, 0xFF: nothing
    std::string_view text(std::uint64_t length);
    std::string_view text_until_zero();
    void skip(std::uint64_t length) { text(length); }

    [[nodiscard]] bool ok() const { return ok_; }
    [[nodiscard]] std::string_view rest() const { return bytes_; }

private:
    std::string_view bytes_;
    bool ok_ = true;
};

// The status of an OK packet, or of an EOF packet of either form; 0 if it has none.
std::uint16_t status_of(std::string_view packet);

// What an ERR packet is called: its SQLSTATE, or where that is the general HY000 or missing, its number.
class ErrorType {
public:
    void assign(std::string_view packet);
    [[nodiscard]] std::string_view text() const { return {text_.data(), length_}; }

private:
    std::array<char, 8> text_{};
    std::size_t length_ = 0;
};

// MariaDB tells how far a long statement has come in ERR packets of this number, which end nothing.
bool is_progress_report(std::string_view packet);

// An ERR packet as servers send it: a number that they use, and a text.
bool is_error_packet(std::string_view packet);

}  // namespace footfall::mysql
