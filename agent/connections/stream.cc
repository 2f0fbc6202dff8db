#include "agent/connections/stream.h"

#include <algorithm>
#include <string_view>

namespace footfall {

void Stream::read(const Message& message, Direction direction, ProtocolReader& reader) {
    const Stamp stamp{message.time, message.pid, message.tid};
    if (!placed_) {
        next_ = message.position;
        placed_ = true;
    }
    if (message.position > next_) {
        reader.on_gap(direction, message.position - next_, stamp);
        next_ = message.position;
    }
    if (message.length == 0) return reader.on_end_of_stream(direction, stamp);

    std::uint64_t seen = next_ - message.position;  // bytes of this message that came before
    if (seen >= message.length) return;
    next_ = message.position + message.length;
    const bool whole = seen == 0;
    const auto take = [&seen](std::uint64_t length) {
        const std::uint64_t skipped = std::min(seen, length);
        seen -= skipped;
        return skipped;
    };
    std::string_view front = message.front;
    std::string_view back = message.back;
    std::uint64_t unseen = message.length - front.size() - back.size();
    front.remove_prefix(take(front.size()));
    unseen -= take(unseen);
    back.remove_prefix(take(back.size()));
    if (!front.empty()) reader.on_bytes(direction, front, whole, stamp);
    if (unseen > 0) reader.on_gap(direction, unseen, stamp);
    if (!back.empty()) reader.on_bytes(direction, back, false, stamp);
}

void Stream::end(std::uint64_t position, Direction direction, const Stamp& stamp, ProtocolReader& reader) {
    if (!placed_ || position <= next_) return;
    reader.on_gap(direction, position - next_, stamp);
    next_ = position;
}

}  // namespace footfall
