// Another process's memory, as those see it who read an interpreter's structures: bytes at addresses, or nothing. What is
// read may change meanwhile and is not trusted.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace footfall {

class MemoryReader {
public:
    virtual ~MemoryReader() = default;
    // All of it, or false.
    virtual bool read(std::uint64_t address, std::span<std::byte> into) = 0;

    template <typename Value>
    std::optional<Value> value(std::uint64_t address) {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value{};
        if (!read(address, std::as_writable_bytes(std::span(&value, 1)))) return std::nullopt;
        return value;
    }

    std::optional<std::vector<std::byte>> bytes(std::uint64_t address, std::size_t size) {
        std::vector<std::byte> bytes(size);
        if (!read(address, bytes)) return std::nullopt;
        return bytes;
    }

    // Up to a NUL, which has to come within `most` bytes.
    std::optional<std::string> text(std::uint64_t address, std::size_t most) {
        constexpr std::size_t kPiece = 32;  // pieces end where the next one is aligned, and so never reach into another page
        std::string text;
        while (text.size() <= most) {
            std::array<char, kPiece> piece{};
            const std::uint64_t from = address + text.size();
            const std::span<char> wanted = std::span(piece).first(kPiece - from % kPiece);
            if (!read(from, std::as_writable_bytes(wanted))) return std::nullopt;
            const auto end = std::find(wanted.begin(), wanted.end(), '\0');
            text.append(wanted.begin(), end);
            if (end != wanted.end()) return text.size() <= most ? std::optional(std::move(text)) : std::nullopt;
        }
        return std::nullopt;
    }
};

}  // namespace footfall
