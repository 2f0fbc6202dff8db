// An HTTP server on loopback that answers as a test wants it to, also as no server should. One connection at a time.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "agent/base/fd.h"

namespace footfall {

class ScriptedServer {
public:
    // Sends whatever it likes to the client, and returns when it is done; path: what was asked for.
    class Client;
    using Script = std::function<void(Client& client, const std::string& path)>;

    class Client {
    public:
        Client(int socket, const std::atomic<bool>& ending) : socket_(socket), ending_(ending) {}
        // False once the client has gone, or the test is over.
        bool send(std::string_view bytes) {
            while (!bytes.empty()) {
                if (ending_) return false;
                pollfd ready{socket_, POLLOUT, 0};
                if (poll(&ready, 1, 50) <= 0) continue;
                const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
                if (count <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(count));
            }
            return true;
        }
        bool answer(const std::string& status, std::string_view body) {
            return send("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
                        "\r\nConnection: close\r\n\r\n") &&
                   send(body);
        }
        // Until the client has gone, or the test is over.
        void say_nothing() {
            char byte = 0;
            while (!ending_) {
                pollfd ready{socket_, POLLIN, 0};
                if (poll(&ready, 1, 20) > 0 && recv(socket_, &byte, 1, MSG_DONTWAIT) <= 0) return;
            }
        }

    private:
        int socket_;
        const std::atomic<bool>& ending_;
    };

    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        listener_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
        listen(listener_.get(), 16);
        getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length);
        url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
        thread_ = std::thread([this] { serve(); });
    }
    ~ScriptedServer() {
        ending_ = true;
        thread_.join();
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] const std::string& url() const { return url_; }
    // The heads of all requests so far.
    [[nodiscard]] std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    void serve() {
        while (!ending_) {
            pollfd ready{listener_.get(), POLLIN, 0};
            if (poll(&ready, 1, 20) <= 0) continue;
            const Fd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            const std::string head = head_from(connection.get());
            if (head.empty()) continue;
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(head);
            }
            Client client(connection.get(), ending_);
            script_(client, head.substr(4, head.find(' ', 4) - 4));
        }
    }
    std::string head_from(int connection) const {
        std::string head;
        std::array<char, 4096> part{};
        while (!ending_ && head.find("\r\n\r\n") == std::string::npos) {
            pollfd ready{connection, POLLIN, 0};
            if (poll(&ready, 1, 20) <= 0) continue;
            const ssize_t count = recv(connection, part.data(), part.size(), 0);
            if (count <= 0) return {};
            head.append(part.data(), static_cast<std::size_t>(count));
        }
        return head;
    }

    Script script_;
    Fd listener_;
    std::string url_;
    std::atomic<bool> ending_{false};
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

}  // namespace footfall
