// A process's memory as a test lays it out: words at addresses, and nothing in between.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string_view>

#include "symbolizer/interpreters/memory.h"

namespace footfall {

class FakeMemory final : public MemoryReader {
public:
    bool read(std::uint64_t address, std::span<std::byte> into) override {
        ++reads;
        for (std::size_t i = 0; i < into.size(); ++i) {
            const std::uint64_t at = address + i;
            const auto word = words.find(at & ~std::uint64_t{7});
            if (word == words.end()) return false;
            into[i] = static_cast<std::byte>(word->second >> (at % 8 * 8));
        }
        return true;
    }

    // Any size, any place; what lies around it in the same words stays.
    template <typename Value>
    void put(std::uint64_t address, const Value& value) {
        unsigned char bytes[sizeof(Value)];
        std::memcpy(bytes, &value, sizeof value);
        for (std::size_t i = 0; i < sizeof value; ++i) put_byte(address + i, bytes[i]);
    }
    void put_bytes(std::uint64_t address, std::string_view bytes) {
        for (std::size_t i = 0; i < bytes.size(); ++i) put_byte(address + i, static_cast<unsigned char>(bytes[i]));
    }
    void put_zeros(std::uint64_t address, std::size_t size) {
        for (std::size_t i = 0; i < size; ++i) put_byte(address + i, 0);
    }

    std::map<std::uint64_t, std::uint64_t> words;
    std::size_t reads = 0;

private:
    void put_byte(std::uint64_t address, unsigned char byte) {
        std::uint64_t& word = words[address & ~std::uint64_t{7}];
        const unsigned shift = address % 8 * 8;
        word = (word & ~(std::uint64_t{0xff} << shift)) | std::uint64_t{byte} << shift;
    }
};

}  // namespace footfall
