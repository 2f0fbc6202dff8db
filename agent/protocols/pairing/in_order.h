// For protocols that answer requests in the order in which they came: the requests of one connection that wait for their
// responses, and the exchanges that become of them. It keeps started = used + lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/pairing/ring_queue.h"
#include "agent/protocols/protocol.h"

namespace footfall {

struct OpenRequest {
    std::string text;  // the method, then the target
    std::uint8_t method_length = 0;
    bool tls = false;          // it says that its client asks over TLS
    std::uint32_t tag = 0;     // the reader's own
    std::uint16_t status = 0;  // of an exchange of kind http
    Stamp began;               // first byte of the request
    MonotonicTime first_byte;  // of the response
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    std::optional<LostReason> lost;  // set: it waits for its response only to keep the order

    [[nodiscard]] std::string_view method() const { return std::string_view(text).substr(0, method_length); }
    [[nodiscard]] std::string_view target() const { return std::string_view(text).substr(method_length); }
    // method: at most 255 bytes.
    void name(std::string_view method, std::string_view target);
};

void recycle(OpenRequest& request);

// What becomes of a request that is answered or cut. Its views are the request's.
Exchange exchange_of(const OpenRequest& request, Role role, Outcome outcome, std::string_view error_type, MonotonicTime end);

class InOrder {
public:
    // Forgets everything and begins with another connection. The role may be told later, before anything is finished.
    void restart(const ReaderContext& context, Kind kind);
    void set_role(Role role) { role_ = role; }
    [[nodiscard]] std::optional<Role> role() const { return role_; }

    // A request that begins; null if more wait than are kept: it is lost then, and so is the order, until all are answered.
    OpenRequest* begin(const Stamp& stamp);

    [[nodiscard]] bool empty() const { return open_.empty(); }
    [[nodiscard]] std::size_t size() const { return open_.size(); }
    [[nodiscard]] OpenRequest& front() { return open_.front(); }
    [[nodiscard]] OpenRequest& back() { return open_.back(); }
    [[nodiscard]] OpenRequest& at(std::size_t index) { return open_.at(index); }

    // The oldest is answered: handed out, or lost if it was marked so.
    void finish(Outcome outcome, std::string_view error_type, MonotonicTime end);
    // The oldest is a request for several exchanges, of which one is answered: the next one begins in its place, as it ends.
    void finish_part(Outcome outcome, std::string_view error_type, MonotonicTime end);
    void lose_front(LostReason reason);
    void lose_all(LostReason reason);
    // Of one that has no place among them.
    void lose_one(LostReason reason);
    // What is open is an error of the connection's end …
    void close(CloseReason reason, MonotonicTime time);
    // … or unfinished.
    void session_end() { lose_all(LostReason::kUnfinished); }
    // As if nothing had begun: the guess was wrong.
    void forget();

    // Exchanges that began; each of them is used, lost or still open.
    [[nodiscard]] std::uint64_t started() const { return started_; }

private:
    void hand_out_front(Outcome outcome, std::string_view error_type, MonotonicTime end);

    ReaderContext context_;
    Kind kind_{};
    std::optional<Role> role_;
    RingQueue<OpenRequest, 16384> open_;
    std::uint64_t started_ = 0;
};

}  // namespace footfall
