// The commands of one connection that wait for their replies, oldest first. A slot owns no memory.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/protocols/pairing/ring_queue.h"
#include "agent/protocols/protocol.h"
#include "agent/protocols/redis/commands.h"

namespace footfall::redis {

constexpr std::size_t kErrorLimit = kWordLimit;

struct OpenCommand {
    Command command = kOtherCommand;
    bool asked = false;     // its request has come; false: the reply was faster
    bool answered = false;  // its reply has come
    bool failed = false;
    bool unknown = false;  // whether it failed was not seen
    std::uint8_t error_length = 0;
    std::uint32_t confirmations = 0;  // of a subscription: that are still to come; 0: as many as there are
    Stamp began;
    MonotonicTime first_byte;
    MonotonicTime end;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    std::array<char, kErrorLimit> error_text{};

    [[nodiscard]] std::string_view error() const { return {error_text.data(), error_length}; }
};

inline void recycle(OpenCommand& command) { command = OpenCommand{}; }

using OpenCommands = RingQueue<OpenCommand, 16384>;

}  // namespace footfall::redis
