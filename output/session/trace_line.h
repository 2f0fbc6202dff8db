// One use as `trace` prints it, as text (table/trace_line_text) or as JSON (json/trace_line_json). A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/base/clock.h"

namespace footfall {

struct TraceLine {
    WallTime time;  // when the use ended
    std::string service;
    std::string role;                                       // "server", "client"
    std::string kind;                                       // "http"
    bool tls = false;                                       // it came, or went, over TLS
    std::string operation;                                  // "GET /orders/{id}"
    std::string outcome;                                    // a status code, or why there is none
    std::string error_type;                                 // empty: not an error
    std::uint64_t duration_nanos = 0;                       // 0: not known
    std::optional<std::uint64_t> time_to_first_byte_nanos;  // none: there was no response
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::string consumer;  // empty: unknown
    std::uint32_t pid = 0;
    std::optional<std::uint64_t> cpu_nanos;  // what the service ran for it; none: not known
};

}  // namespace footfall
