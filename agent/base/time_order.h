// Puts values that may come a little late back into the order of their times: each is kept for a while, in case that an
// earlier one still comes. What comes later than that is handed out as soon as it is asked for, out of order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "agent/base/clock.h"

namespace footfall {

// Values of equal times stay in the order in which they came. Holds `most` values at most: past that, the earliest goes
// first.
template <typename Value>
class TimeOrder {
public:
    TimeOrder(std::uint64_t patience_nanoseconds, std::size_t most) : patience_(patience_nanoseconds), most_(most) {}

    void add(MonotonicTime time, Value value) {
        kept_.push_back({time, ++serial_, std::move(value)});
        std::push_heap(kept_.begin(), kept_.end());
    }

    // Hands out what is as old as the patience, and what there is too much of; take(Value).
    template <typename Take>
    void release(MonotonicTime now, Take take) {
        while (!kept_.empty() && (kept_.size() > most_ || elapsed(kept_.front().time, now) >= patience_)) take(pop());
    }

    template <typename Take>
    void release_all(Take take) {
        while (!kept_.empty()) take(pop());
    }

    [[nodiscard]] std::size_t size() const { return kept_.size(); }

private:
    struct Kept {
        MonotonicTime time;
        std::uint64_t serial = 0;
        Value value;
        // The heap's front is the largest: the one that is to go first.
        bool operator<(const Kept& other) const { return std::pair(other.time, other.serial) < std::pair(time, serial); }
    };

    Value pop() {
        std::pop_heap(kept_.begin(), kept_.end());
        Value value = std::move(kept_.back().value);
        kept_.pop_back();
        return value;
    }

    std::uint64_t patience_;
    std::size_t most_;
    std::uint64_t serial_ = 0;
    std::vector<Kept> kept_;
};

}  // namespace footfall
