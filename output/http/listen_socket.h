// Opens the socket that the HTTP server listens on, and decides which addresses it may be on.
#pragma once

#include <cstdint>
#include <string>

#include "agent/base/fd.h"
#include "agent/base/result.h"

namespace footfall {

struct ListenSocket {
    Fd fd;
    std::uint16_t port = 0;  // the one the kernel chose, where 0 was asked for
};

// `address` is an IPv4 or IPv6 address (in brackets or not), or "localhost". Anything but loopback is refused unless
// `insecure`: there is no TLS and no authentication, so whoever reaches the port reads everything.
[[nodiscard]] Result<ListenSocket> open_listen_socket(const std::string& address, std::uint16_t port, bool insecure);

}  // namespace footfall
