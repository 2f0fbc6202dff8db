// A connection that record_seed.py recorded: what a real client and a real server said to each other, in the order of time.
// For unit tests and benches; the layout of the file is that of connection_life.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "agent/pipeline/stages.h"

namespace footfall {

struct RecordedMessage {
    Direction direction = Direction::kReceived;  // the server's end
    std::string bytes;
};

// Up to the first operation that is no bytes: the close. Aborts if there is no such file.
inline std::vector<RecordedMessage> recorded_messages(const std::string& path) {
    constexpr unsigned kOperation = 7;
    constexpr unsigned kFirstOther = 4;
    constexpr unsigned kSent = 8;
    std::ifstream file(path, std::ios::binary);
    if (!file) std::abort();
    const std::string seed{std::istreambuf_iterator<char>(file), {}};
    const auto byte = [&seed](std::size_t at) { return unsigned{static_cast<std::uint8_t>(seed[at])}; };
    std::vector<RecordedMessage> messages;
    for (std::size_t at = 0; at + 3 <= seed.size() && (byte(at) & kOperation) < kFirstOther;) {
        const std::size_t length = byte(at + 1) + (byte(at + 2) << 8U);
        messages.push_back({(byte(at) & kSent) != 0 ? Direction::kSent : Direction::kReceived, seed.substr(at + 3, length)});
        at += 3 + length;
    }
    return messages;
}

}  // namespace footfall
