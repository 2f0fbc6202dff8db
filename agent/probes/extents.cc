#include "agent/probes/extents.h"

#include <algorithm>
#include <iterator>

namespace footfall {
namespace {

// A walk takes microseconds; an interrupt may hold it up for longer.
constexpr std::uint64_t kRest = 100'000'000;

}  // namespace

std::optional<std::uint32_t> Extents::take(std::uint32_t count, MonotonicTime now) {
    while (!resting_.empty() && elapsed(resting_.front().time, now) >= kRest) {
        add_free(resting_.front().first, resting_.front().count);
        resting_.pop_front();
    }
    const auto fits = std::find_if(free_.begin(), free_.end(), [&](const auto& range) { return range.second >= count; });
    if (fits == free_.end()) return std::nullopt;
    const auto [first, free] = *fits;
    free_.erase(fits);
    if (free > count) free_.emplace(first + count, free - count);
    return first;
}

void Extents::give_back(std::uint32_t first, std::uint32_t count, MonotonicTime now) {
    if (count != 0) resting_.push_back({now, first, count});
}

void Extents::add_free(std::uint32_t first, std::uint32_t count) {
    const auto next = free_.lower_bound(first);
    if (next != free_.end() && next->first == first + count) {
        count += next->second;
        free_.erase(next);
    }
    const auto after = free_.lower_bound(first);
    if (after != free_.begin()) {
        auto& [before, length] = *std::prev(after);
        if (before + length == first) {
            length += count;
            return;
        }
    }
    free_.emplace(first, count);
}

}  // namespace footfall
