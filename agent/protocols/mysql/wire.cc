#include "agent/protocols/mysql/wire.h"

#include <algorithm>
#include <charconv>

namespace footfall::mysql {
namespace {

constexpr std::uint16_t kProgress = 0xFFFF;
constexpr std::uint16_t kFirstError = 1000;
constexpr std::size_t kStateLength = 5;
constexpr std::string_view kGeneralState = "HY000";

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

bool is_state(std::string_view text) {
    return text.size() == kStateLength &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

}  // namespace

PacketHeader packet_header(std::string_view header) {
    return {byte_at(header, 0) | std::uint32_t{byte_at(header, 1)} << 8U | std::uint32_t{byte_at(header, 2)} << 16U,
            byte_at(header, 3)};
}

std::uint64_t Fields::integer(std::size_t width) {
    const std::string_view bytes = text(width);
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8U | byte_at(bytes, i);
    return value;
}

std::uint64_t Fields::length_encoded() {
    const std::uint64_t first = integer(1);
    switch (first) {
        case 0xFC:
            return integer(2);
        case 0xFD:
            return integer(3);
        case 0xFE:
            return integer(8);
        case 0xFB:
        case 0xFF:
            return 0;
        default:
            return first;
    }
}

std::string_view Fields::text(std::uint64_t length) {
    if (length > bytes_.size()) {
        ok_ = false;
        bytes_ = {};
        return {};
    }
    const std::string_view text = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return text;
}

std::string_view Fields::text_until_zero() {
    const std::string_view found = text(std::min(bytes_.find('\0'), bytes_.size()));
    skip(1);
    return found;
}

std::uint16_t status_of(std::string_view packet) {
    Fields fields(packet);
    const std::uint64_t first = fields.integer(1);
    if (first == kEof && packet.size() == kEofLength) {
        fields.skip(2);  // warnings
    } else if (first == kOk || first == kEof) {
        fields.length_encoded();  // affected rows
        fields.length_encoded();  // last insert id
    } else {
        return 0;
    }
    return static_cast<std::uint16_t>(fields.integer(2));
}

void ErrorType::assign(std::string_view packet) {
    Fields fields(packet);
    fields.skip(1);
    const std::uint64_t number = fields.integer(2);
    const std::string_view state = fields.rest().substr(0, 1) == "#" ? fields.rest().substr(1, kStateLength) : "";
    if (is_state(state) && state != kGeneralState) {
        length_ = state.copy(text_.data(), state.size());
        return;
    }
    const auto written = std::to_chars(text_.data(), text_.data() + text_.size(), number);
    length_ = static_cast<std::size_t>(written.ptr - text_.data());
}

bool is_progress_report(std::string_view packet) {
    Fields fields(packet);
    return fields.integer(1) == kError && fields.integer(2) == kProgress;
}

bool is_error_packet(std::string_view packet) {
    Fields fields(packet);
    return fields.integer(1) == kError && fields.integer(2) >= kFirstError && fields.ok() && !is_progress_report(packet) &&
           std::ranges::none_of(fields.rest(), [](char c) { return c == '\0'; });
}

}  // namespace footfall::mysql
