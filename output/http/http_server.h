// A small HTTP/1.1 server for what the agent shows: GET and HEAD of a fixed table of paths, gzip where the client takes it.
//
// Each connection has a thread of its own, on which handlers run: several at once, and a slow one holds up nobody else.
// Connections, their memory and their idle time are limited, so that no client can hold more than a little. There is no TLS:
// by default it listens on loopback only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "output/http/http_message.h"

namespace footfall {

struct HttpRoute {
    std::string path;   // matched whole; the query is not part of it
    std::string title;  // its link on the landing page; empty: it is not listed there
    HttpHandler handler;
};

struct HttpServerOptions {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9843;  // 0: any free one
    bool insecure = false;      // may listen on an address that is not loopback
    std::string version = {};   // shown on the landing page
    unsigned max_connections = 64;
    unsigned idle_timeout_seconds = 10;
    std::size_t connection_memory_bytes = std::size_t{32} << 10U;  // for a request's head
};

class HttpServer {
public:
    // Listens and serves from the moment it returns. `/` shows a page with links to the routes, unless a route has that
    // path.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                                   std::vector<HttpRoute> routes);
    // Stops: no handler runs any more when it returns. Open connections are closed.
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    [[nodiscard]] std::uint16_t port() const;

private:
    class Impl;
    explicit HttpServer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace footfall
