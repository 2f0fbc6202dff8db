// Plays a recorded connection to a reader.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
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

// And then the connection is closed.
template <typename Wire>
void play_to_close(Wire& wire, const std::vector<RecordedMessage>& messages, bool as_client = false) {
    play(wire, messages, as_client);
    wire.close();
}

// What a reader saw that was not there before that message.
struct LateUses {
    std::size_t first = 0;  // message
    Uses uses;
    Uses due;  // the last of all that the connection has, as many as uses
};

// For each message but the first: no more uses than in all, none forgotten, and what check(LateUses) expects of them.
template <typename Wire, typename Check>
void play_from_each_on(const std::vector<RecordedMessage>& messages, Check check, std::size_t step = 1) {
    Wire whole;
    play_to_close(whole, messages);
    const Uses all = whole.uses();
    for (std::size_t first = 1; first < messages.size(); first += step) {
        Wire wire(true);
        play_to_close(wire, {messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end()});
        const Uses uses = wire.uses();
        ASSERT_LE(uses.size(), all.size()) << first;
        check(LateUses{first, uses, Uses(all.end() - static_cast<std::ptrdiff_t>(uses.size()), all.end())});
        EXPECT_TRUE(wire.all_accounted()) << first;
    }
}

// A system call for each byte.
template <typename Wire>
void play_bytewise(Wire& wire, const std::vector<RecordedMessage>& messages) {
    for (const RecordedMessage& message : messages) wire.one_by_one(message.direction, message.bytes);
}

}  // namespace footfall
