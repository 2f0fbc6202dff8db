#include "symbolizer/worker/message_socket.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

namespace footfall {
namespace {

using Length = std::uint32_t;

// A control message with room for the descriptors of one message.
struct alignas(cmsghdr) FileRoom {
    std::array<char, CMSG_SPACE(kMaxMessageFiles * sizeof(int))> bytes{};
};

// Waits until the socket is ready for the events.
std::optional<SocketFailure> wait_for(int socket, short events, const SocketDeadline& deadline) {
    if (!deadline) return std::nullopt;  // the call itself waits
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return SocketFailure::kTimedOut;
        pollfd waiting{socket, events, 0};
        const int ready = poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
        if (ready > 0) return std::nullopt;
        if (ready < 0 && errno != EINTR) return SocketFailure::kClosed;
    }
}

// With a deadline, a call must not wait; without one it must.
int waiting_flag(const SocketDeadline& deadline) { return deadline ? MSG_DONTWAIT : 0; }

bool is_passing(int error) { return error == EINTR || error == EAGAIN || error == EWOULDBLOCK; }

std::optional<SocketFailure> send_bytes(int socket, std::string_view bytes, std::span<const int> files,
                                        const SocketDeadline& deadline) {
    while (!bytes.empty()) {
        if (const auto failed = wait_for(socket, POLLOUT, deadline)) return failed;
        iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        FileRoom room;
        if (!files.empty()) {
            message.msg_control = room.bytes.data();
            message.msg_controllen = CMSG_SPACE(files.size_bytes());
            cmsghdr* control = CMSG_FIRSTHDR(&message);
            control->cmsg_level = SOL_SOCKET;
            control->cmsg_type = SCM_RIGHTS;
            control->cmsg_len = CMSG_LEN(files.size_bytes());
            std::memcpy(CMSG_DATA(control), files.data(), files.size_bytes());
        }
        const ssize_t count = sendmsg(socket, &message, MSG_NOSIGNAL | waiting_flag(deadline));
        if (count < 0 && is_passing(errno)) continue;
        if (count <= 0) return SocketFailure::kClosed;
        bytes.remove_prefix(static_cast<std::size_t>(count));
        files = {};
    }
    return std::nullopt;
}

void take_files(msghdr& message, std::vector<Fd>& files) {
    for (cmsghdr* control = CMSG_FIRSTHDR(&message); control != nullptr; control = CMSG_NXTHDR(&message, control)) {
        if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof fd);
            Fd file(fd);
            if (files.size() < kMaxMessageFiles) files.push_back(std::move(file));
        }
    }
}

std::optional<SocketFailure> receive_bytes(int socket, std::span<char> into, std::vector<Fd>& files,
                                           const SocketDeadline& deadline) {
    while (!into.empty()) {
        if (const auto failed = wait_for(socket, POLLIN, deadline)) return failed;
        iovec piece{into.data(), into.size()};
        FileRoom room;
        msghdr message{};
        message.msg_iov = &piece;
        message.msg_iovlen = 1;
        message.msg_control = room.bytes.data();
        message.msg_controllen = room.bytes.size();
        const ssize_t count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | waiting_flag(deadline));
        if (count < 0 && is_passing(errno)) continue;
        if (count <= 0) return SocketFailure::kClosed;
        take_files(message, files);
        into = into.subspan(static_cast<std::size_t>(count));
    }
    return std::nullopt;
}

}  // namespace

std::optional<SocketFailure> send_message(int socket, std::string_view bytes, std::span<const int> files,
                                          SocketDeadline deadline) {
    if (bytes.size() > kMaxMessageBytes || files.size() > kMaxMessageFiles) return SocketFailure::kTooLong;
    std::array<char, sizeof(Length)> head{};
    const auto length = static_cast<Length>(bytes.size());
    std::memcpy(head.data(), &length, sizeof length);
    if (const auto failed = send_bytes(socket, {head.data(), head.size()}, files, deadline)) return failed;
    return send_bytes(socket, bytes, {}, deadline);
}

tl::expected<FileMessage, SocketFailure> receive_message(int socket, SocketDeadline deadline) {
    FileMessage message;
    std::array<char, sizeof(Length)> head{};
    if (const auto failed = receive_bytes(socket, head, message.files, deadline)) return tl::unexpected(*failed);
    Length length = 0;
    std::memcpy(&length, head.data(), sizeof length);
    if (length > kMaxMessageBytes) return tl::unexpected(SocketFailure::kTooLong);
    message.bytes.resize(length);
    if (const auto failed = receive_bytes(socket, message.bytes, message.files, deadline)) return tl::unexpected(*failed);
    return message;
}

}  // namespace footfall
