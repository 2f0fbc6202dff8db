// Frames of HTTP/2 (RFC 9113 §4.1 and §6): their header, and which headers can be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall::http2 {

constexpr std::size_t kFrameHeaderSize = 9;
constexpr std::uint32_t kDefaultFrameLimit = 16384;  // of the body, until SETTINGS allow more
constexpr std::uint32_t kSettingSize = 6;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class FrameType : std::uint8_t {
    kData = 0,
    kHeaders = 1,
    kPriority = 2,
    kRstStream = 3,
    kSettings = 4,
    kPushPromise = 5,
    kPing = 6,
    kGoaway = 7,
    kWindowUpdate = 8,
    kContinuation = 9,
    kOther = 10,  // whatever else: it is skipped, as the standard wants
};

constexpr std::uint8_t kEndStream = 0x1;  // DATA, HEADERS
constexpr std::uint8_t kAck = 0x1;        // SETTINGS, PING
constexpr std::uint8_t kEndHeaders = 0x4;
constexpr std::uint8_t kPadded = 0x8;
constexpr std::uint8_t kHasPriority = 0x20;

struct FrameHeader {
    std::uint32_t length = 0;  // of the body
    FrameType type = FrameType::kOther;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    bool reserved = false;  // the bit that nobody sets is set

    [[nodiscard]] bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

// bytes: kFrameHeaderSize of them or more.
FrameHeader parse_frame_header(std::string_view bytes);

// Whether the standard allows such a frame, whose body has at most limit bytes.
bool is_allowed(const FrameHeader& header, std::uint32_t limit);

// Stricter, to find one among unknown bytes: besides, its type is a known one, and nothing is set that has no meaning.
bool is_usual(const FrameHeader& header, std::uint32_t limit);

// Whether bytes look like whole frames from the first byte on, the last of which may go on behind them. to_the_end: it does
// not. The number of headers that were looked at, 0 if one of them is none.
std::size_t usual_frames(std::string_view bytes, std::uint32_t limit, bool to_the_end);

// What is left of the body of HEADERS, DATA or PUSH_PROMISE without padding and priority; empty if the padding is too long.
std::string_view without_padding(const FrameHeader& header, std::string_view body);

std::uint32_t read_u32(std::string_view bytes);  // of four bytes or more

}  // namespace footfall::http2
