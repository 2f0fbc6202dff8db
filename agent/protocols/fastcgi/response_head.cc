#include "agent/protocols/fastcgi/response_head.h"

#include <algorithm>

namespace footfall::fastcgi {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins_with_field(std::string_view line, std::string_view field) {
    return line.size() >= field.size() &&
           std::equal(field.begin(), field.end(), line.begin(), [](char a, char b) { return a == lower(b); });
}

std::uint16_t status_in(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    unsigned status = 0;
    for (const char c : text.substr(0, 3)) {
        if (c < '0' || c > '9') return 0;
        status = status * 10 + static_cast<unsigned>(c - '0');
    }
    return status >= 100 && status <= 599 ? static_cast<std::uint16_t>(status) : std::uint16_t{0};
}

}  // namespace

void ResponseHead::read(std::string_view bytes) {
    while (!bytes.empty() && !ended_) {
        const std::size_t end = bytes.find('\n');
        const std::string_view piece = bytes.substr(0, end);
        const std::size_t kept = std::min(piece.size(), kLineLimit - filled_);
        std::copy_n(piece.begin(), kept, line_.begin() + filled_);
        filled_ = static_cast<std::uint8_t>(filled_ + kept);
        if (end == std::string_view::npos) return;
        end_line();
        bytes.remove_prefix(end + 1);
    }
}

void ResponseHead::end_line() {
    constexpr std::string_view kStatus = "status:";
    constexpr std::string_view kLocation = "location:";
    std::string_view line(line_.data(), filled_);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ended_ = line.empty();
    filled_ = 0;
    redirects_ |= begins_with_field(line, kLocation);
    if (begins_with_field(line, kStatus)) status_ = status_in(line.substr(kStatus.size()));
}

std::uint16_t ResponseHead::status() const {
    constexpr std::uint16_t kOk = 200;
    constexpr std::uint16_t kFound = 302;
    if (status_ != 0) return status_;
    return redirects_ ? kFound : kOk;
}

}  // namespace footfall::fastcgi
