#include "agent/protocols/postgresql/wire.h"

#include <algorithm>

namespace footfall::postgresql {
namespace {

constexpr std::string_view kRequests = "QPBEDCSHFdcfpX";
constexpr std::string_view kResponses = "RKZCTDEN123tnsIASGHWVvdc";
constexpr std::string_view kFirstRequests = "QPBEDCF";
constexpr std::string_view kFirstResponses = "RTCE123tnsIGHWVNAS";

constexpr std::size_t kReadySize = 6;
constexpr std::uint32_t kReadyLength = 5;

bool is_one_of(std::string_view types, char type) { return types.find(type) != std::string_view::npos; }

// Messages whose length is always the same.
std::uint32_t fixed_length(char type, bool request) {
    if (request) return is_one_of("SHXc", type) ? 4 : 0;
    if (type == 'Z') return kReadyLength;
    return is_one_of("123nsIc", type) ? 4 : 0;
}

bool is_plausible(char type, std::uint32_t length, bool request) {
    if (!is_one_of(request ? kRequests : kResponses, type) || length < 4 || length > kLengthLimit) return false;
    const std::uint32_t fixed = fixed_length(type, request);
    return fixed == 0 || length == fixed;
}

bool are_messages(std::string_view bytes, bool request) {
    while (bytes.size() >= kHeader) {
        const std::uint32_t length = read_u32(bytes.substr(1));
        if (!is_plausible(bytes.front(), length, request)) return false;
        if (length >= bytes.size()) return true;
        bytes.remove_prefix(length + 1);
    }
    return bytes.empty() || is_one_of(request ? kRequests : kResponses, bytes.front());
}

bool is_ready(std::string_view message) {
    return message[0] == 'Z' && read_u32(message.substr(1)) == kReadyLength && is_one_of("ITE", message[kHeader]);
}

// A command tag: words in upper case and numbers.
bool is_tag(std::string_view text) {
    return !text.empty() && text.front() >= 'A' && text.front() <= 'Z' &&
           std::all_of(text.begin(), text.end(), [](char byte) {
               return (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == ' ' || byte == '_';
           });
}

// Whether a CommandComplete, or a message without a body that says the same, ends where the bytes end.
bool ends_in_completion(std::string_view bytes) {
    if (bytes.size() < kHeader) return false;
    const std::string_view last = bytes.substr(bytes.size() - kHeader);
    if (is_one_of("sI", last.front()) && read_u32(last.substr(1)) == 4) return true;
    if (bytes.back() != '\0') return false;
    for (std::size_t begin = bytes.size() - kHeader; begin-- > 0;) {
        const std::string_view message = bytes.substr(begin);
        if (message.front() != 'C' || read_u32(message.substr(1)) != message.size() - 1) continue;
        if (is_tag(message.substr(kHeader, message.size() - kHeader - 1))) return true;
    }
    return false;
}

}  // namespace

std::uint32_t read_u32(std::string_view bytes) {
    const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
    return at(0) << 24U | at(1) << 16U | at(2) << 8U | at(3);
}

bool may_be_startup(std::string_view bytes) {
    if (bytes.size() >= kStartupHeader) {
        const std::uint32_t length = read_u32(bytes);
        if (length < 8 || length > kStartupLimit) return false;
    }
    if (bytes.size() >= 2 * kStartupHeader) return startup_of(read_u32(bytes.substr(kStartupHeader))) != Startup::kNone;
    return bytes.front() == '\0';
}

Startup startup_of(std::uint32_t code) {
    constexpr std::uint32_t kCancelRequest = 80877102;
    constexpr std::uint32_t kSslRequest = 80877103;
    constexpr std::uint32_t kGssEncryptionRequest = 80877104;
    constexpr std::uint32_t kMajor = 3;
    constexpr std::uint32_t kMinorLimit = 9999;  // 3.9999 asks for what the server can, to see whether it negotiates
    if (code == kCancelRequest) return Startup::kCancel;
    if (code == kSslRequest || code == kGssEncryptionRequest) return Startup::kEncryption;
    return code >> 16U == kMajor && (code & 0xFFFFU) <= kMinorLimit ? Startup::kVersion3 : Startup::kNone;
}

bool is_request(char type) { return is_one_of(kRequests, type); }
bool is_response(char type) { return is_one_of(kResponses, type); }

bool begins_with_requests(std::string_view bytes) {
    return bytes.size() >= kHeader && is_one_of(kFirstRequests, bytes.front()) && are_messages(bytes, true);
}

bool begins_with_responses(std::string_view bytes) {
    return bytes.size() >= kHeader && is_one_of(kFirstResponses, bytes.front()) && are_messages(bytes, false);
}

Ending ending_of(std::string_view bytes) {
    if (bytes.size() < kReadySize || !is_ready(bytes.substr(bytes.size() - kReadySize))) return Ending::kNothing;
    bytes.remove_suffix(kReadySize);
    return ends_in_completion(bytes) ? Ending::kCompleted : Ending::kReady;
}

std::string_view sqlstate_of(std::string_view body) {
    constexpr std::size_t kSqlstate = 5;
    while (!body.empty() && body.front() != '\0') {
        const char field = body.front();
        body.remove_prefix(1);
        const std::string_view value = take_string(body);
        if (field != 'C') continue;
        const bool known = value.size() == kSqlstate && std::all_of(value.begin(), value.end(), [](char byte) {
                               return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z');
                           });
        return known ? value : std::string_view();
    }
    return {};
}

std::string_view take_string(std::string_view& bytes) {
    const std::size_t end = bytes.find('\0');
    const std::string_view text = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    return text;
}

}  // namespace footfall::postgresql
