// One use as `trace` prints it, as text (table/trace_line_text) or as JSON (json/trace_line_json). A plain value: the views
// need to live only for the call that prints it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/base/clock.h"

namespace footfall {

struct TraceLine {
    WallTime time;  // when the use ended
    std::string_view service;
    std::string_view role;                                  // "server", "client"
    std::string_view kind;                                  // "http"
    bool tls = false;                                       // it came, or went, over TLS
    std::string_view operation;                             // "GET /orders/{id}"
    std::string_view outcome;                               // a status code, or why there is none
    std::string_view error_type;                            // empty: not an error
    std::uint64_t duration_nanos = 0;                       // 0: not known
    std::optional<std::uint64_t> time_to_first_byte_nanos;  // none: there was no response
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::string_view consumer;  // empty: unknown
    std::uint32_t pid = 0;
};

}  // namespace footfall
