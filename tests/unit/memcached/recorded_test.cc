// Connections that were recorded from memcached 1.6.18, in each of its protocols.
#include <gtest/gtest.h>

#include "agent/protocols/memcached/memcached_reader.h"
#include "tests/fuzz/recorded_connection.h"
#include "tests/unit/support/protocol_wire.h"
#include "tests/unit/support/seed_player.h"

namespace footfall::memcached {
namespace {

using Wire = WireOf<MemcachedReader>;
using Messages = std::vector<RecordedMessage>;

Messages recorded(const std::string& name) {
    return recorded_messages(std::string(FOOTFALL_RECORDED_CONNECTIONS) + "memcached/" + name);
}

TEST(RecordedMemcached, WhatAServerAnsweredIsItsUses) {
    Wire meta;
    play_to_close(meta, recorded("meta"));
    EXPECT_EQ(meta.sink.seen.size(), 38U);
    EXPECT_TRUE(meta.sink.lost.empty());
    Wire binary;
    play_to_close(binary, recorded("binary"));
    EXPECT_EQ(binary.uses(), (Uses{"set ok", "get ok", "get ok", "get ok", "get ok", "noop ok", "set ok", "noop ok",
                                   "add ok", "add ok", "replace ok", "incr NON_NUMERIC_VALUE", "delete ok", "append ok",
                                   "version ok", "stats ok", "_OTHER UNKNOWN_COMMAND", "quit closed"}));
    EXPECT_TRUE(binary.sink.lost.empty());
}

TEST(RecordedMemcached, WhatTheServerCouldNotReadIsLostAndNothingElse) {
    Wire wire;
    play_to_close(wire, recorded("text"));
    EXPECT_EQ(wire.sink.lost, (Lost{LostReason::kUnparsable, LostReason::kGap}))
        << "a data block that is longer than it says, and its rest";
    EXPECT_EQ(wire.last().method, "quit");
    EXPECT_EQ(wire.sink.seen.size(), 35U);
    EXPECT_TRUE(wire.all_accounted());
}

TEST(RecordedMemcached, FromTheMiddleOnUsesAreThoseOfTheWhole) {
    for (const auto* name : {"text", "meta", "binary"}) {
        play_from_each_on<Wire>(recorded(name),
                                [&](const LateUses& late) { EXPECT_EQ(late.uses, late.due) << name << late.first; });
    }
}

// Each message in system calls of that many bytes.
Messages in_pieces(const Messages& messages, std::size_t length) {
    Messages pieces;
    for (const RecordedMessage& message : messages) {
        for (std::size_t at = 0; at < message.bytes.size(); at += length) {
            pieces.push_back({message.direction, message.bytes.substr(at, length)});
        }
    }
    return pieces;
}

constexpr std::size_t kLongestPiece = 12;

TEST(RecordedMemcached, PiecesOfAnyLengthAreTheSame) {
    for (const auto* name : {"text", "meta", "binary"}) {
        Wire whole;
        play_to_close(whole, recorded(name));
        for (std::size_t length = 1; length <= kLongestPiece; ++length) {
            Wire wire;
            play_to_close(wire, in_pieces(recorded(name), length));
            EXPECT_EQ(wire.uses(), whole.uses()) << name << " by " << length;
            EXPECT_TRUE(wire.all_accounted());
        }
    }
}

TEST(RecordedMemcached, FromTheMiddleOfPiecesOnNoUseIsMadeUp) {
    for (const auto* name : {"text", "meta", "binary"}) {
        for (std::size_t length = 1; length <= kLongestPiece; ++length) {
            const Messages messages = in_pieces(recorded(name), length);
            const auto check = [&](const LateUses& late) {
                EXPECT_EQ(late.uses, late.due) << name << " by " << length << " from " << late.first;
            };
            play_from_each_on<Wire>(messages, check, 1 + messages.size() / 100);
        }
    }
}

// The first command after that counts, and each behind it.
TEST(RecordedMemcached, FromBetweenTwoMessagesOnPiecesAreAllCounted) {
    for (const auto* name : {"text", "meta", "binary"}) {
        const Messages messages = recorded(name);
        for (std::size_t first = 1; first < messages.size(); ++first) {
            if (messages[first].direction != kIn) continue;
            const Messages rest(messages.begin() + static_cast<std::ptrdiff_t>(first), messages.end());
            Wire whole(true);
            play_to_close(whole, rest);
            for (std::size_t length = 1; length <= kLongestPiece; ++length) {
                Wire wire(true);
                play_to_close(wire, in_pieces(rest, length));
                EXPECT_GE(wire.uses().size(), whole.uses().size()) << name << " by " << length << " from " << first;
            }
        }
    }
}

}  // namespace
}  // namespace footfall::memcached
