// A process's memory, made up: only what was put into it can be read.
#pragma once

#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "symbolizer/interpreters/memory.h"

namespace footfall {

class MadeMemory final : public MemoryReader {
public:
    bool read(std::uint64_t address, std::span<std::byte> into) override {
        const std::byte* from = at(address, into.size());
        if (from == nullptr) return false;
        std::memcpy(into.data(), from, into.size());
        return true;
    }

    // Zeros, which put() fills.
    void add(std::uint64_t address, std::size_t size) { parts_[address].resize(size); }
    void remove(std::uint64_t address) { parts_.erase(address); }

    template <typename Value>
    void put(std::uint64_t address, const Value& value) {
        std::memcpy(room_at(address, sizeof value), &value, sizeof value);
    }
    void put_text(std::uint64_t address, std::string_view text) {
        std::byte* room = room_at(address, text.size() + 1);
        std::memcpy(room, text.data(), text.size());
        room[text.size()] = std::byte{0};
    }
    void put_bytes(std::uint64_t address, const std::vector<std::uint8_t>& bytes) {
        if (!bytes.empty()) std::memcpy(room_at(address, bytes.size()), bytes.data(), bytes.size());
    }

private:
    std::byte* at(std::uint64_t address, std::size_t size) {
        auto part = parts_.upper_bound(address);
        if (part == parts_.begin()) return nullptr;
        --part;
        const std::uint64_t offset = address - part->first;
        if (offset > part->second.size() || size > part->second.size() - offset) return nullptr;
        return part->second.data() + offset;
    }
    std::byte* room_at(std::uint64_t address, std::size_t size) {
        if (std::byte* room = at(address, size)) return room;
        add(address, size);
        return parts_.at(address).data();
    }

    std::map<std::uint64_t, std::vector<std::byte>> parts_;
};

}  // namespace footfall
