#include "agent/protocols/http2/frame.h"

#include <algorithm>

namespace footfall::http2 {
namespace {

constexpr std::size_t kPrioritySize = 5;
constexpr std::size_t kPromisedStreamSize = 4;
constexpr std::uint32_t kStreamMask = 0x7fffffff;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

// The flags that have a meaning.
std::uint8_t flags_of(FrameType type) {
    switch (type) {
        case FrameType::kData:
            return kEndStream | kPadded;
        case FrameType::kHeaders:
            return kEndStream | kEndHeaders | kPadded | kHasPriority;
        case FrameType::kSettings:
        case FrameType::kPing:
            return kAck;
        case FrameType::kPushPromise:
            return kEndHeaders | kPadded;
        case FrameType::kContinuation:
            return kEndHeaders;
        case FrameType::kPriority:
        case FrameType::kRstStream:
        case FrameType::kGoaway:
        case FrameType::kWindowUpdate:
        case FrameType::kOther:
            return 0;
    }
    __builtin_unreachable();
}

}  // namespace

std::uint32_t read_u32(std::string_view bytes) {
    return std::uint32_t{byte_at(bytes, 0)} << 24 | std::uint32_t{byte_at(bytes, 1)} << 16 |
           std::uint32_t{byte_at(bytes, 2)} << 8 | byte_at(bytes, 3);
}

FrameHeader parse_frame_header(std::string_view bytes) {
    const std::uint32_t stream = read_u32(bytes.substr(5));
    return {read_u32(bytes) >> 8, static_cast<FrameType>(std::min(byte_at(bytes, 3), std::uint8_t{10})), byte_at(bytes, 4),
            stream & kStreamMask, (stream & ~kStreamMask) != 0};
}

bool is_allowed(const FrameHeader& header, std::uint32_t limit) {
    if (header.length > limit) return false;
    switch (header.type) {
        case FrameType::kData:
        case FrameType::kHeaders:
        case FrameType::kContinuation:
            return header.stream != 0;
        case FrameType::kPushPromise:
            return header.stream != 0 && header.length >= kPromisedStreamSize;
        case FrameType::kPriority:
            return header.stream != 0 && header.length == kPrioritySize;
        case FrameType::kRstStream:
            return header.stream != 0 && header.length == 4;
        case FrameType::kSettings:
            return header.stream == 0 && (header.has(kAck) ? header.length == 0 : header.length % kSettingSize == 0);
        case FrameType::kPing:
            return header.stream == 0 && header.length == 8;
        case FrameType::kGoaway:
            return header.stream == 0 && header.length >= 8;
        case FrameType::kWindowUpdate:
            return header.length == 4;
        case FrameType::kOther:
            return true;
    }
    __builtin_unreachable();
}

bool is_usual(const FrameHeader& header, std::uint32_t limit) {
    if (header.type == FrameType::kHeaders && header.length == 0) return false;
    return header.type != FrameType::kOther && !header.reserved && (header.flags & ~flags_of(header.type)) == 0 &&
           is_allowed(header, limit);
}

std::size_t usual_frames(std::string_view bytes, std::uint32_t limit, bool to_the_end) {
    std::size_t frames = 0;
    while (bytes.size() >= kFrameHeaderSize) {
        const FrameHeader header = parse_frame_header(bytes);
        if (!is_usual(header, limit)) return 0;
        ++frames;
        const std::size_t size = kFrameHeaderSize + header.length;
        if (size > bytes.size()) return to_the_end ? 0 : frames;
        bytes.remove_prefix(size);
    }
    return to_the_end && !bytes.empty() ? 0 : frames;
}

std::string_view without_padding(const FrameHeader& header, std::string_view body) {
    std::size_t front = 0;
    std::size_t padding = 0;
    if (header.has(kPadded)) {
        if (body.empty()) return {};
        padding = byte_at(body, 0);
        front = 1;
    }
    if (header.type == FrameType::kHeaders && header.has(kHasPriority)) front += kPrioritySize;
    if (header.type == FrameType::kPushPromise) front += kPromisedStreamSize;
    // The padding is at the end of the frame, of which body may be the first part only.
    if (front + padding > header.length) return {};
    const std::size_t end = std::min<std::size_t>(header.length - padding, body.size());
    return front < end ? body.substr(front, end - front) : std::string_view{};
}

}  // namespace footfall::http2
