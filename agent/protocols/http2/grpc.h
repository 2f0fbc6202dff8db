// Outcomes of gRPC calls: its status codes by name, and what stands for one where a call ended without.
// (grpc/grpc: doc/statuscodes.md, doc/PROTOCOL-HTTP2.md "Errors", doc/http-grpc-status-mapping.md)
#pragma once

#include <cstdint>
#include <string_view>

namespace footfall::http2 {

constexpr std::uint16_t kGrpcOk = 0;
constexpr std::uint16_t kNoGrpcStatus = 0xFFFF;  // none was seen

// "NOT_FOUND". A number that is none of the 17 means UNKNOWN.
std::string_view grpc_code_name(std::uint16_t code);

// Of a response that ended without grpc-status, by its HTTP status.
std::string_view grpc_code_of_status(std::uint16_t http_status);

// Of a stream that RST_STREAM ended, by the error code of HTTP/2 (RFC 9113 §7).
std::string_view grpc_code_of_reset(std::uint32_t error);

// "CANCEL"; "UNKNOWN_ERROR" for a code that the standard does not have.
std::string_view reset_name(std::uint32_t error);

}  // namespace footfall::http2
