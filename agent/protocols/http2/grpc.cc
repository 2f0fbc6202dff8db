#include "agent/protocols/http2/grpc.h"

#include <array>
#include <cstddef>

namespace footfall::http2 {
namespace {

constexpr std::array<std::string_view, 17> kCodes = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

struct ResetError {
    std::string_view name;
    std::string_view grpc;
};

constexpr std::array<ResetError, 14> kResetErrors = {{{"NO_ERROR", "INTERNAL"},
                                                      {"PROTOCOL_ERROR", "INTERNAL"},
                                                      {"INTERNAL_ERROR", "INTERNAL"},
                                                      {"FLOW_CONTROL_ERROR", "INTERNAL"},
                                                      {"SETTINGS_TIMEOUT", "INTERNAL"},
                                                      {"STREAM_CLOSED", "UNKNOWN"},
                                                      {"FRAME_SIZE_ERROR", "INTERNAL"},
                                                      {"REFUSED_STREAM", "UNAVAILABLE"},
                                                      {"CANCEL", "CANCELLED"},
                                                      {"COMPRESSION_ERROR", "INTERNAL"},
                                                      {"CONNECT_ERROR", "INTERNAL"},
                                                      {"ENHANCE_YOUR_CALM", "RESOURCE_EXHAUSTED"},
                                                      {"INADEQUATE_SECURITY", "PERMISSION_DENIED"},
                                                      {"HTTP_1_1_REQUIRED", "UNKNOWN"}}};

}  // namespace

std::string_view grpc_code_name(std::uint16_t code) { return code < kCodes.size() ? kCodes[code] : "UNKNOWN"; }

std::string_view grpc_code_of_status(std::uint16_t http_status) {
    switch (http_status) {
        case 400:
            return "INTERNAL";
        case 401:
            return "UNAUTHENTICATED";
        case 403:
            return "PERMISSION_DENIED";
        case 404:
            return "UNIMPLEMENTED";
        case 429:
        case 502:
        case 503:
        case 504:
            return "UNAVAILABLE";
        default:
            return "UNKNOWN";
    }
}

std::string_view grpc_code_of_reset(std::uint32_t error) {
    return error < kResetErrors.size() ? kResetErrors[error].grpc : "UNKNOWN";
}

std::string_view reset_name(std::uint32_t error) {
    return error < kResetErrors.size() ? kResetErrors[error].name : "UNKNOWN_ERROR";
}

}  // namespace footfall::http2
