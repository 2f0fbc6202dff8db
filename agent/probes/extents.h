// Hands out ranges of an array: what is free, by first fit. What is given back may be used again only after a pause, because
// the kernel side may still be reading it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "agent/base/clock.h"

namespace footfall {

class Extents {
public:
    explicit Extents(std::uint32_t size) { add_free(0, size); }

    // The first of `count` neighbours.
    std::optional<std::uint32_t> take(std::uint32_t count, MonotonicTime now);
    void give_back(std::uint32_t first, std::uint32_t count, MonotonicTime now);

private:
    struct Given {
        MonotonicTime time;
        std::uint32_t first = 0;
        std::uint32_t count = 0;
    };

    void add_free(std::uint32_t first, std::uint32_t count);

    std::map<std::uint32_t, std::uint32_t> free_;  // first → count; neighbours are merged
    std::deque<Given> resting_;
};

}  // namespace footfall
