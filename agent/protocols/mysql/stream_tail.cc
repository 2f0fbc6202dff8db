#include "agent/protocols/mysql/stream_tail.h"

#include <algorithm>
#include <cstring>

#include "agent/protocols/mysql/wire.h"

namespace footfall::mysql {
namespace {

constexpr std::uint32_t kOkShortest = 7;

bool ends_result(std::string_view packet) {
    const auto first = static_cast<std::uint8_t>(packet.front());
    if (first == kError) return is_error_packet(packet);
    return first == kEof && (packet.size() == kEofLength || packet.size() >= kOkShortest);
}

}  // namespace

void StreamTail::append(std::string_view bytes, MonotonicTime time) {
    last_ = time;
    if (bytes.size() >= kKept) {
        bytes.remove_prefix(bytes.size() - kKept);
        length_ = 0;
    }
    const std::size_t room = kKept - bytes.size();
    if (length_ > room) {
        std::memmove(bytes_.data(), bytes_.data() + (length_ - room), room);
        length_ = room;
    }
    std::memcpy(bytes_.data() + length_, bytes.data(), bytes.size());
    length_ += bytes.size();
}

void StreamTail::cut(MonotonicTime time) {
    last_ = time;
    length_ = 0;
}

std::optional<std::string_view> StreamTail::end_of_result() const {
    const std::string_view tail(bytes_.data(), length_);
    for (std::size_t size = kEofLength; size + kHeaderSize <= tail.size(); ++size) {
        const std::string_view packet = tail.substr(tail.size() - size);
        const PacketHeader header = packet_header(tail.substr(tail.size() - size - kHeaderSize, kHeaderSize));
        if (header.length == size && ends_result(packet)) return packet;
    }
    return std::nullopt;
}

}  // namespace footfall::mysql
