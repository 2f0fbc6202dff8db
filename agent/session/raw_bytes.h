// The few encodings that raw files need besides their structs: numbers and texts, one after the other.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace footfall {

template <typename Number>
void append_number(std::string& out, Number number) {
    static_assert(std::is_integral_v<Number>);
    out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

inline void append_counted_text(std::string& out, std::string_view text) {
    append_number(out, static_cast<std::uint32_t>(text.size()));
    out += text;
}

// Takes values off the front of bytes that may be too short; after a failure, everything fails.
class RawBytesReader {
public:
    explicit RawBytesReader(std::string_view bytes) : rest_(bytes) {}

    template <typename Number>
    std::optional<Number> number() {
        static_assert(std::is_integral_v<Number>);
        Number value{};
        if (rest_.size() < sizeof(value)) return fail<Number>();
        std::memcpy(&value, rest_.data(), sizeof(value));
        rest_.remove_prefix(sizeof(value));
        return value;
    }

    std::optional<std::string> counted_text() {
        const auto length = number<std::uint32_t>();
        if (!length || rest_.size() < *length) return fail<std::string>();
        std::string text(rest_.substr(0, *length));
        rest_.remove_prefix(*length);
        return text;
    }

    [[nodiscard]] bool at_end() const { return rest_.empty(); }

private:
    template <typename Value>
    std::optional<Value> fail() {
        rest_ = {};
        return std::nullopt;
    }

    std::string_view rest_;
};

}  // namespace footfall
