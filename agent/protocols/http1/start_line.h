// The first line of an HTTP/1 message: what tells requests, responses and everything else apart. Lines are given without
// their line end. A line that breaks the rules (RFC 9112 §3 and §4) is no start line; views point into the line given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall::http1 {

constexpr std::size_t kMethodLimit = 64;  // the longest registered one has 17 letters

struct RequestLine {
    std::string_view method;  // any token, not only those that are registered
    std::string_view target;
};

// METHOD SP target SP HTTP/1.x
std::optional<RequestLine> parse_request_line(std::string_view line);

// The status of "HTTP/1.x SP 3 digits", with or without a reason behind it.
std::optional<std::uint16_t> parse_status_line(std::string_view line);

// Whether the line, of which the end has not come, may be a status line or that of a request with a common method: one that
// comes in pieces may begin in the middle of anything, of which other tokens would make methods.
bool may_be_start_line(std::string_view line);

// Whether a message may begin with this byte: methods are tokens, and so is what a response begins with.
bool may_begin_message(char byte);

// Whether the line, complete or not, is one that only a request can have.
bool resembles_request(std::string_view line);

// The first line of bytes if its end is in them.
std::optional<std::string_view> complete_line(std::string_view bytes);

// The line without the carriage return that may end it.
std::string_view without_carriage_return(std::string_view line);

}  // namespace footfall::http1
