#include "agent/protocols/http2/grpc_call.h"

#include <algorithm>
#include <cstddef>

#include "agent/protocols/http2/frame.h"
#include "agent/protocols/http2/grpc.h"

namespace footfall::http2 {

bool begins_with_message(std::string_view body, std::uint32_t length, bool alone) {
    constexpr std::size_t kPrefix = 5;  // whether it is compressed, and its length
    if (body.size() < kPrefix || static_cast<std::uint8_t>(body.front()) > 1) return false;
    const std::uint64_t message = kPrefix + std::uint64_t{read_u32(body.substr(1))};
    return message == length || (message > length && !alone);
}

std::string_view rpc_name(std::string_view target) {
    std::string_view path = target.substr(0, target.find('?'));
    const std::size_t scheme = path.find("://");
    if (scheme != std::string_view::npos && !path.starts_with('/')) {
        path.remove_prefix(std::min(path.find('/', scheme + 3), path.size()));
    }
    if (path.starts_with('/')) path.remove_prefix(1);
    return path.empty() ? kUnknownTarget : path;
}

void judge_call(const CallEnd& call, std::string_view cut, Exchange& exchange) {
    if (!cut.empty()) {
        exchange.error_type = cut;
    } else if (call.status && *call.status != kGrpcOk) {
        exchange.error_type = grpc_code_name(*call.status);
    } else if (call.status) {
        exchange.outcome = Outcome::kOk;
    } else if (!call.unseen) {
        exchange.error_type = grpc_code_of_status(call.http_status);
    }
    if (!exchange.error_type.empty()) exchange.outcome = Outcome::kError;
}

}  // namespace footfall::http2
