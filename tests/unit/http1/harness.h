// What the tests of the HTTP/1 reader say on the wire.
#pragma once

#include <string>
#include <string_view>

#include "agent/protocols/http1/http1_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::http1 {

using Wire = WireOf<Http1Reader>;

inline std::string get(std::string_view target) { return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
inline std::string ok(std::string_view body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

}  // namespace footfall::http1
