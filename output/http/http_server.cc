#include "output/http/http_server.h"

#include <microhttpd.h>
#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

#include "output/http/accept.h"
#include "output/http/gzip.h"
#include "output/http/landing_page.h"
#include "output/http/listen_socket.h"

namespace footfall {
namespace {

constexpr std::size_t kWorthCompressing = 512;
constexpr const char* kBinary = "application/octet-stream";  // what is sent as it is

std::string header_of(MHD_Connection* connection, const char* name) {
    const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == nullptr ? std::string{} : std::string(value);
}

HttpResponse plain(int status, std::string body) {
    HttpResponse response;
    response.status = status;
    response.body = std::move(body);
    return response;
}

// A handler's exception must not reach the C library that called us.
HttpResponse guarded(const HttpHandler& handler, const HttpRequest& request) {
    try {
        return handler(request);
    } catch (const std::exception& error) {
        return plain(MHD_HTTP_INTERNAL_SERVER_ERROR, fmt::format("internal error: {}\n", error.what()));
    }
}

void compress(HttpResponse& response, const HttpRequest& request) {
    if (response.body.size() < kWorthCompressing || response.content_type == kBinary) return;
    response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!accepts_gzip(request.accept_encoding)) return;
    if (auto compressed = gzip(response.body)) {
        response.body = std::move(*compressed);
        response.headers.emplace_back("Content-Encoding", "gzip");
    }
}

MHD_Result send(MHD_Connection* connection, const HttpResponse& response) {
    const std::unique_ptr<MHD_Response, decltype(&MHD_destroy_response)> message(
        MHD_create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                        MHD_RESPMEM_MUST_COPY),
        MHD_destroy_response);
    if (message == nullptr) return MHD_NO;
    MHD_add_response_header(message.get(), MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
    MHD_add_response_header(message.get(), "X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : response.headers) {
        MHD_add_response_header(message.get(), name.c_str(), value.c_str());
    }
    return MHD_queue_response(connection, static_cast<unsigned>(response.status), message.get());
}

}  // namespace

class HttpServer::Impl {
public:
    Impl(const std::string& version, std::vector<HttpRoute> routes) : routes_(std::move(routes)) {
        if (find("/") != nullptr) return;
        std::vector<LandingLink> links;
        for (const HttpRoute& route : routes_) {
            if (!route.title.empty()) links.push_back({route.path, route.title});
        }
        HttpResponse page = landing_page(version, links);
        routes_.push_back({"/", {}, [page = std::move(page)](const HttpRequest&) -> HttpResponse { return page; }});
    }
    ~Impl() {
        if (daemon_ != nullptr) MHD_stop_daemon(daemon_);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    Result<void> serve(const HttpServerOptions& options) {
        auto listening = open_listen_socket(options.address, options.port, options.insecure);
        if (!listening) return tl::unexpected(listening.error());
        port_ = listening->port;
        // From here on the socket is the daemon's, which closes it when it stops.
        daemon_ = MHD_start_daemon(
            MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0, nullptr,
            nullptr, &Impl::on_request, this, MHD_OPTION_LISTEN_SOCKET, listening->fd.release(), MHD_OPTION_CONNECTION_LIMIT,
            options.max_connections, MHD_OPTION_CONNECTION_TIMEOUT, options.idle_timeout_seconds,
            MHD_OPTION_CONNECTION_MEMORY_LIMIT, options.connection_memory_bytes, MHD_OPTION_END);
        if (daemon_ == nullptr) return system_failure("cannot start the HTTP server", errno);
        return {};
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }

private:
    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                                 const char*, std::size_t*, void**) {
        HttpRequest request{
            url, header_of(connection, MHD_HTTP_HEADER_ACCEPT), header_of(connection, MHD_HTTP_HEADER_ACCEPT_ENCODING), {}};
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &Impl::on_argument, &request.arguments);
        HttpResponse response = static_cast<const Impl*>(self)->answer(method, request);
        compress(response, request);
        return send(connection, response);
    }

    static MHD_Result on_argument(void* arguments, MHD_ValueKind, const char* name, const char* value) {
        static_cast<std::map<std::string, std::string>*>(arguments)->emplace(name, value == nullptr ? "" : value);
        return MHD_YES;
    }

    [[nodiscard]] const HttpRoute* find(std::string_view path) const {
        const auto found =
            std::find_if(routes_.begin(), routes_.end(), [&](const auto& route) { return route.path == path; });
        return found == routes_.end() ? nullptr : &*found;
    }

    [[nodiscard]] HttpResponse answer(std::string_view method, const HttpRequest& request) const {
        const HttpRoute* route = find(request.path);
        if (route == nullptr) return plain(MHD_HTTP_NOT_FOUND, "there is nothing here; / lists what there is\n");
        if (method == MHD_HTTP_METHOD_GET || method == MHD_HTTP_METHOD_HEAD) return guarded(route->handler, request);
        HttpResponse refusal = plain(MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n");
        refusal.headers.emplace_back("Allow", "GET, HEAD");
        return refusal;
    }

    std::vector<HttpRoute> routes_;
    MHD_Daemon* daemon_ = nullptr;
    std::uint16_t port_ = 0;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options, std::vector<HttpRoute> routes) {
    auto impl = std::make_unique<Impl>(options.version, std::move(routes));
    if (auto serving = impl->serve(options); !serving) return tl::unexpected(serving.error());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

std::uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace footfall
