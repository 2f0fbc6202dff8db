// Steps over RESP that lies whole in the bytes at hand. A step that answers false ends the walk: what it stands at is not
// whole, or not usual, and wants a closer look.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall::redis {

class RespWalk {
public:
    explicit RespWalk(std::string_view bytes) : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {}

    [[nodiscard]] std::size_t passed() const { return static_cast<std::size_t>(at_ - begin_); }
    [[nodiscard]] std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

    // The next byte, whatever it is; there must be one.
    [[nodiscard]] char type() { return *at_++; }
    [[nodiscard]] bool is(char expected) {
        if (at_ == end_ || *at_ != expected) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] bool end_of_line() {
        if (left() < 2 || at_[0] != '\r' || at_[1] != '\n') return false;
        at_ += 2;
        return true;
    }
    // A decimal number that ends its line; nine digits at most, so that no length overflows.
    [[nodiscard]] bool number(std::uint64_t& value) {
        constexpr std::ptrdiff_t kDigitsMost = 9;
        const char* const first = at_;
        for (value = 0; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_) {
            value = value * 10 + static_cast<std::uint64_t>(*at_ - '0');
        }
        return at_ != first && at_ - first <= kDigitsMost && end_of_line();
    }
    // "3\r\nGET\r\n", behind its type.
    [[nodiscard]] bool string(std::string_view& text) {
        std::uint64_t length = 0;
        if (!number(length) || length > left()) return false;
        text = {at_, length};
        at_ += length;
        return end_of_line();
    }
    // Up to "\r\n".
    [[nodiscard]] bool line(std::string_view& text) {
        const std::size_t length = std::string_view(at_, left()).find('\n');
        if (length == std::string_view::npos || length == 0 || at_[length - 1] != '\r') return false;
        text = {at_, length - 1};
        at_ += length + 1;
        return true;
    }

private:
    const char* begin_;
    const char* at_;
    const char* end_;
};

}  // namespace footfall::redis
