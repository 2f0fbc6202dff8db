// Cuts one direction of a connection to memcached into requests or replies, text or binary: the first byte of each message
// says which. Data blocks and bodies are skipped by their length, also over bytes that passed unseen.
//
// It is pulled: advance() consumes bytes up to the end of a message or to what breaks the rules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/protocols/framing/side.h"
#include "agent/protocols/memcached/commands.h"
#include "agent/protocols/pairing/resumed_order.h"

namespace footfall::memcached {

class MessageFramer {
public:
    enum class Step : std::uint8_t {
        kMore,     // everything was consumed
        kMessage,  // a message is whole
        kBroken,   // these bytes are no memcached: out of step from here on
        kGap,      // skip() only: the gap carried what is needed to go on. Out of step from here on
    };

    Step advance(std::string_view& bytes, const Stamp& stamp);
    Step skip(std::uint64_t& length, const Stamp& stamp);

    void start(Side side);  // a message begins with the next byte
    void lose() { phase_ = Phase::kOutOfStep; }

    [[nodiscard]] bool in_step() const { return phase_ != Phase::kOutOfStep; }
    // In front of a message: none of its bytes has come.
    [[nodiscard]] bool between() const { return phase_ == Phase::kHead && !begun_ && held_ == 0; }

    // Of the latest message; of a reply in several parts, of its parts so far.
    [[nodiscard]] const Request& request() const { return request_; }
    [[nodiscard]] const Reply& reply() const { return reply_; }
    // Also after kGap: the first part of a reply has come, and not its end.
    [[nodiscard]] bool in_reply() const { return begun_ && side_ == Side::kReplies; }
    [[nodiscard]] const SeenMessage& message() const { return message_; }

private:
    enum class Phase : std::uint8_t { kOutOfStep, kHead, kData };

    Step take_head(std::string_view& bytes);
    Step take_line(std::string_view& bytes);
    Step take_data(std::string_view& bytes);
    Step on_head(std::string_view head, bool binary);
    Step begin_data(bool has_data, std::uint64_t length, bool binary);
    Step end_part();
    Step broken();
    void hold(std::string_view piece);

    Phase phase_ = Phase::kOutOfStep;
    Side side_ = Side::kReplies;
    bool begun_ = false;           // a part of the message has been read
    bool ends_line_ = false;       // the data block has an end of line behind it
    std::uint32_t held_ = 0;       // bytes of a head that is split, also of those that are not kept
    std::uint64_t remaining_ = 0;  // of the data block
    Request request_;
    Reply reply_;
    SeenMessage message_;
    std::array<char, kLineKept> head_{};
};

}  // namespace footfall::memcached
