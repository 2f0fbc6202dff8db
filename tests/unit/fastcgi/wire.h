// FastCGI's records.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/protocols/fastcgi/fastcgi_reader.h"
#include "tests/unit/support/protocol_wire.h"

namespace footfall::fastcgi {

using Wire = WireOf<FastcgiReader>;

inline std::string record(Type type, std::uint32_t id, const std::string& content, std::size_t padding = 0) {
    const std::size_t length = content.size();
    std::string text{'\1', static_cast<char>(type), static_cast<char>(id >> 8U), static_cast<char>(id)};
    text += {static_cast<char>(length >> 8U), static_cast<char>(length), static_cast<char>(padding), '\0'};
    return text + content + std::string(padding, '\0');
}
inline std::string length_of(const std::string& text) {
    const std::size_t length = text.size();
    if (length < 128) return {static_cast<char>(length)};
    return {static_cast<char>(0x80U | length >> 24U), static_cast<char>(length >> 16U), static_cast<char>(length >> 8U),
            static_cast<char>(length)};
}
inline std::string parameter(const std::string& name, const std::string& value) {
    return length_of(name) + length_of(value) + name + value;
}
inline std::string parameters(const std::string& method, const std::string& uri) {
    return parameter("QUERY_STRING", "") + parameter("REQUEST_METHOD", method) +
           parameter("HTTP_COOKIE", std::string(300, 'c')) + parameter("REQUEST_URI", uri);
}

inline std::string beginning(std::uint32_t id) { return record(Type::kBeginRequest, id, {"\0\1\1\0\0\0\0\0", 8}); }
inline std::string request(std::uint32_t id, const std::string& method, const std::string& uri) {
    return beginning(id) + record(Type::kParams, id, parameters(method, uri), 3) + record(Type::kParams, id, "") +
           record(Type::kStdin, id, "");
}
inline std::string ending(std::uint32_t id, char protocol_status = 0) {
    return record(Type::kEndRequest, id, {'\0', '\0', '\0', '\0', protocol_status, '\0', '\0', '\0'});
}
inline std::string output(std::uint32_t id, const std::string& text) { return record(Type::kStdout, id, text, 2); }
inline std::string response(std::uint32_t id, const std::string& text) { return output(id, text) + ending(id); }

}  // namespace footfall::fastcgi
