// Messages with descriptors over a stream socket between two processes of ours: a length, then so many bytes.
//
// The peer is not trusted: a message has an upper limit, and more descriptors than expected are closed.
// Threads: one at a time for each direction.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "agent/base/fd.h"

namespace footfall {

constexpr std::size_t kMaxMessageBytes = std::size_t{64} << 20;
constexpr std::size_t kMaxMessageFiles = 3;

enum class SocketFailure : unsigned char { kClosed, kTimedOut, kTooLong };

struct FileMessage {
    std::string bytes;
    std::vector<Fd> files;
};

// Without a deadline, they wait as long as it takes.
using SocketDeadline = std::optional<std::chrono::steady_clock::time_point>;

// Nothing: sent.
std::optional<SocketFailure> send_message(int socket, std::string_view bytes, std::span<const int> files,
                                          SocketDeadline deadline);
tl::expected<FileMessage, SocketFailure> receive_message(int socket, SocketDeadline deadline);

}  // namespace footfall
