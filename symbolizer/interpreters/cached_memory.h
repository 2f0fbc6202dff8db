// Reads of another memory, a page at a time, and each page once: for readers that follow thousands of small structures.
// What changes meanwhile is not seen, so it is made for one look and thrown away. Thread: one.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>

#include "symbolizer/interpreters/memory.h"

namespace footfall {

class CachedMemory final : public MemoryReader {
public:
    static constexpr std::size_t kPageBytes = 4096;

    // memory outlives it. Past most_pages, nothing more is kept.
    explicit CachedMemory(MemoryReader& memory, std::size_t most_pages = 4096) : memory_(memory), most_pages_(most_pages) {}

    bool read(std::uint64_t address, std::span<std::byte> to) override {
        while (!to.empty()) {
            const std::size_t offset = address % kPageBytes;
            const std::size_t size = std::min(to.size(), kPageBytes - offset);
            const std::byte* page = page_at(address - offset);
            if (page == nullptr) return memory_.read(address, to);
            std::memcpy(to.data(), page + offset, size);
            to = to.subspan(size);
            address += size;
        }
        return true;
    }

private:
    using Page = std::array<std::byte, kPageBytes>;

    // Null: it can't be read as a whole, or there is no room.
    const std::byte* page_at(std::uint64_t address) {
        const auto known = pages_.find(address);
        if (known != pages_.end()) return known->second ? known->second->data() : nullptr;
        if (pages_.size() >= most_pages_) return nullptr;
        auto page = std::make_unique<Page>();
        if (!memory_.read(address, *page)) page.reset();
        return (pages_[address] = std::move(page)) ? pages_[address]->data() : nullptr;
    }

    MemoryReader& memory_;
    std::size_t most_pages_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

}  // namespace footfall
