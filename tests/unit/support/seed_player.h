// Plays a recorded connection to a reader.
#pragma once

#include <vector>

#include "tests/fuzz/recorded_connection.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall {

// As the server's end saw it; as_client: as the client's end did.
template <typename Wire>
void play(Wire& wire, const std::vector<RecordedMessage>& messages, bool as_client = false) {
    for (const RecordedMessage& message : messages) {
        (message.direction == kIn) != as_client ? wire.received(message.bytes) : wire.sent(message.bytes);
    }
}

// A system call for each byte.
template <typename Wire>
void play_bytewise(Wire& wire, const std::vector<RecordedMessage>& messages) {
    for (const RecordedMessage& message : messages) wire.one_by_one(message.direction, message.bytes);
}

}  // namespace footfall
