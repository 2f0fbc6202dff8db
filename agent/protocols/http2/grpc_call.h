// gRPC calls, as HTTP/2 carries them, and gRPC-Web HTTP/1 as well: what they are called and how they ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/pipeline/stages.h"
#include "agent/protocols/http2/header_block.h"

namespace footfall::http2 {

[[nodiscard]] constexpr bool is_web(Content content) {
    return content == Content::kGrpcWeb || content == Content::kGrpcWebText;
}
[[nodiscard]] constexpr bool is_call(Content content) { return content == Content::kGrpc || is_web(content); }

// What the body of a call's response is. called: what the call is; response: what the response says of itself.
[[nodiscard]] constexpr Content content_of_response(Content called, Content response) {
    return is_web(called) && response != Content::kUntold ? response : called;
}

// Whether a body begins with a message of gRPC: its first frame has that length, and is the only one or not.
bool begins_with_message(std::string_view body, std::uint32_t length, bool alone);

// "shop.Orders/Get"; target: a path, with what may stand around it in HTTP/1.
std::string_view rpc_name(std::string_view target);

struct CallEnd {
    std::optional<std::uint16_t> status;  // grpc-status
    bool unseen = false;                  // one may have passed unseen
    std::uint16_t http_status = 0;
};

// Sets outcome and error. cut: what kept the call from completing; empty if nothing did.
void judge_call(const CallEnd& call, std::string_view cut, Exchange& exchange);

}  // namespace footfall::http2
