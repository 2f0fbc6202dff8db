// Another process's memory, as those see it who read an interpreter's structures: bytes at addresses, or nothing. What is
// read may change meanwhile and is not trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

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
};

}  // namespace footfall
