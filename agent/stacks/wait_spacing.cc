#include "agent/stacks/wait_spacing.h"

#include <algorithm>
#include <cmath>

namespace footfall {

namespace {

constexpr std::uint64_t kInterval = 100'000'000;
constexpr std::uint64_t kLeastApart = 50'000;
constexpr std::uint64_t kMostApart = 4'000'000'000;  // for 32 bits
constexpr std::uint64_t kShortest = 5'000'000;       // what came at once may have come in such a time

}  // namespace

void WaitSpacing::begin(MonotonicTime now) {
    changed_ = now;
    waits_ = 0;
    apart_ = 0;
}

// A busy host switches threads a million times a second. So many are looked at as was asked for, and some stand for more: as
// soon as an interval's share is used up, and, step by step, less so when they become few.
std::uint32_t WaitSpacing::adjust(MonotonicTime now) {
    const double share = most_a_second_ * static_cast<double>(kInterval) / 1e9;
    const auto waits = static_cast<double>(waits_);
    const std::uint64_t passed = elapsed(changed_, now);
    if (!changed_.seen() || (waits <= share && passed < kInterval)) return static_cast<std::uint32_t>(apart_);
    const double rate = waits * 1e9 / static_cast<double>(std::max(passed, kShortest));
    if (waits > share) {
        const auto times = static_cast<std::uint64_t>(std::ceil(rate / most_a_second_));
        apart_ = std::min(kMostApart, std::max(apart_, kLeastApart) * times);
    } else if (rate < most_a_second_ / 4) {
        apart_ = apart_ > kLeastApart ? apart_ / 2 : 0;
    }
    changed_ = now;
    waits_ = 0;
    return static_cast<std::uint32_t>(apart_);
}

}  // namespace footfall
