// The exchanges of one connection that have begun and are not handed out yet, oldest first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/protocols/http2/grpc.h"
#include "agent/protocols/http2/header_block.h"
#include "agent/protocols/pairing/ring_queue.h"
#include "agent/protocols/protocol.h"

namespace footfall::http1 {

constexpr std::size_t kTargetLimit = 4096;  // bytes kept of a target

struct OpenExchange {
    std::string text;  // the method, the target, and what the body calls
    Stamp began;       // first byte of the request
    MonotonicTime first_byte;
    MonotonicTime end;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    std::uint32_t count = 1;   // exchanges that this one stands for; when lost, more than one, or 0: it is counted
    std::uint16_t status = 0;  // of the final response
    std::uint16_t target_length = 0;
    std::uint16_t grpc_status = http2::kNoGrpcStatus;
    std::uint8_t method_length = 0;
    http2::Content content = http2::Content::kUntold;
    bool status_unseen : 1 = false;  // the call may have had a grpc-status
    bool request_begun : 1 = false;  // false: its response came first
    bool request_done : 1 = false;
    bool response_done : 1 = false;
    std::optional<LostReason> lost;  // set: it waits for its response only to keep the order

    [[nodiscard]] std::string_view method() const { return std::string_view(text).substr(0, method_length); }
    [[nodiscard]] std::string_view target() const { return std::string_view(text).substr(method_length, target_length); }
    [[nodiscard]] std::string_view call() const { return std::string_view(text).substr(method_length + target_length); }
    void name(std::string_view method_text, std::string_view target_text);
};

void recycle(OpenExchange& exchange);

using OpenExchanges = RingQueue<OpenExchange, 1024>;

}  // namespace footfall::http1
