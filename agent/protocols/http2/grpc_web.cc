#include "agent/protocols/http2/grpc_web.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

#include "agent/protocols/http2/frame.h"

namespace footfall::http2 {
namespace {

constexpr std::uint8_t kTrailersFlag = 0x80;
constexpr std::uint8_t kCompressedFlag = 0x01;
constexpr std::string_view kStatusName = "grpc-status";
constexpr std::uint32_t kNoDigit = 64;

std::uint32_t base64_digit(char character) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::size_t place = kDigits.find(character);
    return place == std::string_view::npos ? kNoDigit : static_cast<std::uint32_t>(place);
}

}  // namespace

std::optional<std::uint16_t> grpc_status_in(std::string_view line) {
    const bool named = line.size() > kStatusName.size() &&
                       std::equal(kStatusName.begin(), kStatusName.end(), line.begin(),
                                  [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
    if (!named || line[kStatusName.size()] != ':') return std::nullopt;
    std::string_view digits = line.substr(kStatusName.size() + 1);
    while (digits.starts_with(' ')) digits.remove_prefix(1);
    if (digits.empty() || digits.size() > 3) return std::nullopt;
    std::uint16_t number = 0;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return std::nullopt;
        number = static_cast<std::uint16_t>(number * 10 + (digit - '0'));
    }
    return number;
}

void GrpcWebTrailers::read(std::string_view body) {
    if (lost_) return;
    if (!text_) return read_messages(body);
    for (const char character : body) {
        if (!lost_) read_text(character);
    }
}

void GrpcWebTrailers::read_text(char character) {
    const std::uint32_t digit = base64_digit(character);
    if (digit == kNoDigit && character != '=') return lose();
    group_ = group_ << 6 | (digit & 63U);
    if (character == '=') ++padding_;  // it stands for a digit, and takes away a byte
    if (++group_filled_ < 4) return;
    const std::array<char, 3> bytes{static_cast<char>(group_ >> 16), static_cast<char>(group_ >> 8),
                                    static_cast<char>(group_)};
    const std::size_t length = padding_ > 2 ? 0 : 3 - padding_;
    group_ = 0;
    group_filled_ = padding_ = 0;
    read_messages({bytes.data(), length});
}

void GrpcWebTrailers::read_messages(std::string_view bytes) {
    while (!bytes.empty() && !lost_) {
        if (left_ == 0) {
            header_[header_filled_++] = bytes.front();
            bytes.remove_prefix(1);
            if (header_filled_ < header_.size()) continue;
            header_filled_ = 0;
            const auto flags = static_cast<std::uint8_t>(header_[0]);
            in_trailers_ = (flags & kTrailersFlag) != 0;
            const bool is_known = (flags & ~(kTrailersFlag | kCompressedFlag)) == 0;
            if (!is_known || (in_trailers_ && (flags & kCompressedFlag) != 0)) return lose();
            left_ = read_u32({header_.data() + 1, 4});
            continue;
        }
        const std::string_view piece = bytes.substr(0, left_);
        bytes.remove_prefix(piece.size());
        left_ -= static_cast<std::uint32_t>(piece.size());
        if (!in_trailers_) continue;
        for (const char byte : piece) take_trailer_byte(byte);
        if (left_ == 0) take_trailer_byte('\n');
    }
}

void GrpcWebTrailers::take_trailer_byte(char byte) {
    if (byte == '\r') return;
    if (byte != '\n') {
        if (line_filled_ < line_.size()) line_[line_filled_++] = byte;
        return;
    }
    if (const auto status = grpc_status_in({line_.data(), line_filled_})) status_ = status;
    line_filled_ = 0;
}

}  // namespace footfall::http2
