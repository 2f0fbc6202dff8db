// Puts the messages of one direction back into the order of byte positions: a reader gets each byte once, as bytes where it
// was captured and as a gap where only its number is known.
#pragma once

#include <cstdint>

#include "agent/protocols/protocol.h"

namespace footfall {

class Stream {
public:
    // opened_before: the stream begins with whatever message comes first; else it begins at position 0, and what is missing
    // before the first message is a gap.
    explicit Stream(bool opened_before) : placed_(!opened_before) {}

    // front and back of the message hold at most length bytes together.
    void read(const Message& message, Direction direction, ProtocolReader& reader);
    // So many bytes had passed in all when the connection, or this direction, ended: what is missing up to there is a gap.
    void end(std::uint64_t position, Direction direction, const Stamp& stamp, ProtocolReader& reader);

private:
    std::uint64_t next_ = 0;  // position of the first byte that was not seen yet
    bool placed_;
};

}  // namespace footfall
