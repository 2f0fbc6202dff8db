#include "output/http/listen_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <spdlog/fmt/fmt.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace footfall {
namespace {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    bool loopback = false;

    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::string without_brackets(const std::string& address) {
    const bool bracketed = address.size() > 2 && address.front() == '[' && address.back() == ']';
    return bracketed ? address.substr(1, address.size() - 2) : address;
}

std::optional<SocketAddress> parse_address(const std::string& address, std::uint16_t port) {
    const std::string text = address == "localhost" ? "127.0.0.1" : without_brackets(address);
    SocketAddress out;
    sockaddr_in v4{};
    if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&out.storage, &v4, sizeof(v4));
        out.length = sizeof(v4);
        out.loopback = (ntohl(v4.sin_addr.s_addr) >> 24U) == IN_LOOPBACKNET;
        return out;
    }
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&out.storage, &v6, sizeof(v6));
    out.length = sizeof(v6);
    out.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
    return out;
}

tl::unexpected<Error> cannot_listen(const std::string& address, std::uint16_t port, int error) {
    const std::string what = fmt::format("cannot listen on {}:{}", address, port);
    if (error == EADDRINUSE) return system_failure(what, error, "stop what listens there, or choose another port");
    if (error == EACCES) return system_failure(what, error, "choose a port from 1024 up", ExitCode::kNoPermission);
    return system_failure(what, error);
}

Result<std::uint16_t> bound_port(int fd) {
    sockaddr_storage storage{};
    socklen_t length = sizeof(storage);
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
        return system_failure("cannot read the address of a socket", errno);
    }
    // The port lies at the same place for both families.
    sockaddr_in any{};
    std::memcpy(&any, &storage, sizeof(any));
    return ntohs(any.sin_port);
}

}  // namespace

Result<ListenSocket> open_listen_socket(const std::string& address, std::uint16_t port, bool insecure) {
    constexpr int kBacklog = 64;
    const auto parsed = parse_address(address, port);
    if (!parsed) return failure("'" + address + "' is not an IP address to listen on", {}, ExitCode::kBadConfig);
    if (!parsed->loopback && !insecure) {
        return failure(
            fmt::format("refusing to listen on {}: there is neither TLS nor a password, and it is not loopback", address),
            "listen on 127.0.0.1, or say --web.insecure", ExitCode::kBadConfig);
    }

    Fd fd(::socket(parsed->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) return cannot_listen(address, port, errno);
    const int on = 1;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        ::bind(fd.get(), parsed->get(), parsed->length) != 0 || ::listen(fd.get(), kBacklog) != 0) {
        return cannot_listen(address, port, errno);
    }
    const auto chosen = bound_port(fd.get());
    if (!chosen) return tl::unexpected(chosen.error());
    return ListenSocket{std::move(fd), *chosen};
}

}  // namespace footfall
