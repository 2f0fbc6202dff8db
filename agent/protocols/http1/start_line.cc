#include "agent/protocols/http1/start_line.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace footfall::http1 {
namespace {

constexpr std::string_view kVersionStem = "HTTP/1.";
constexpr std::size_t kVersionLength = kVersionStem.size() + 1;
constexpr std::size_t kStatusLength = 3;

// RFC 9110 §5.6.2: letters, digits and these.
constexpr std::array<bool, 256> make_token_table() {
    std::array<bool, 256> table{};
    for (unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) table[c] = true;
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned char c = 'A'; c <= 'Z'; ++c) table[c] = true;
    return table;
}
constexpr std::array<bool, 256> kTokenBytes = make_token_table();

bool is_token_byte(char byte) { return kTokenBytes[static_cast<unsigned char>(byte)]; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_version(std::string_view text) {
    return text.size() == kVersionLength && text.starts_with(kVersionStem) && is_digit(text.back());
}

// Bytes beyond ASCII are let through, as servers do; blanks and control characters end or break a target.
bool is_target(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

bool is_method(std::string_view text) {
    return !text.empty() && text.size() <= kMethodLimit && std::all_of(text.begin(), text.end(), is_token_byte);
}

}  // namespace

std::optional<RequestLine> parse_request_line(std::string_view line) {
    const std::size_t method_end = line.substr(0, kMethodLimit + 1).find(' ');
    if (method_end == std::string_view::npos || line.size() < method_end + 1 + 1 + 1 + kVersionLength) return std::nullopt;
    const std::size_t target_end = line.size() - kVersionLength - 1;
    const RequestLine request{line.substr(0, method_end), line.substr(method_end + 1, target_end - method_end - 1)};
    const bool valid = line[target_end] == ' ' && is_version(line.substr(target_end + 1)) && is_method(request.method) &&
                       is_target(request.target);
    return valid ? std::optional(request) : std::nullopt;
}

std::optional<std::uint16_t> parse_status_line(std::string_view line) {
    const std::size_t status_end = kVersionLength + 1 + kStatusLength;
    if (line.size() < status_end || !is_version(line.substr(0, kVersionLength)) || line[kVersionLength] != ' ') {
        return std::nullopt;
    }
    if (line.size() > status_end && line[status_end] != ' ') return std::nullopt;
    const std::string_view digits = line.substr(kVersionLength + 1, kStatusLength);
    if (!std::all_of(digits.begin(), digits.end(), is_digit) || digits.front() == '0') return std::nullopt;
    return static_cast<std::uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
}

bool may_be_start_line(std::string_view line) {
    constexpr std::string_view kStatusLine = "HTTP/1.1 200";
    if (line.starts_with(kVersionStem)) {
        return parse_status_line(std::string(line) +
                                 std::string(kStatusLine.substr(std::min(line.size(), kStatusLine.size()))))
            .has_value();
    }
    constexpr auto kStarts = std::to_array<std::string_view>(
        {kVersionStem, "GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "PATCH ", "OPTIONS ", "CONNECT ", "TRACE "});
    return std::any_of(kStarts.begin(), kStarts.end(),
                       [line](std::string_view start) { return line.starts_with(start) || start.starts_with(line); });
}

bool may_begin_message(char byte) { return is_token_byte(byte); }

bool resembles_request(std::string_view line) {
    const std::string_view method = line.substr(0, line.find(' '));
    const bool capitals = std::all_of(method.begin(), method.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    return !method.empty() && method.size() <= kMethodLimit && capitals;
}

std::optional<std::string_view> complete_line(std::string_view bytes) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    return without_carriage_return(bytes.substr(0, end));
}

std::string_view without_carriage_return(std::string_view line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace footfall::http1
