#include "agent/probes/function_coverage.h"

#include <algorithm>
#include <cstddef>

namespace footfall {
namespace {

// Looking at the counts of all functions costs a processor a millisecond: often while many are seen, seldom once few are.
constexpr std::uint64_t kShortestLookInterval = 50'000'000;
constexpr std::uint64_t kLongestLookInterval = 2 * std::uint64_t{kNanosecondsPerSecond};
constexpr std::uint64_t kPutOnInterval = 300 * std::uint64_t{kNanosecondsPerSecond};

Result<void> put_all_on(std::span<WatchedFile> files) {
    for (WatchedFile& file : files) {
        if (!file.counts_functions()) continue;
        if (auto done = file.put_on(); !done) return done;
    }
    return {};
}

Result<std::size_t> take_off_called(std::span<WatchedFile> files) {
    std::size_t sum = 0;
    for (WatchedFile& file : files) {
        if (!file.counts_functions()) continue;
        auto taken = file.take_off_called();
        if (!taken) return taken;
        sum += *taken;
    }
    return sum;
}

}  // namespace

Result<void> FunctionCoverage::advance(std::span<WatchedFile> files, MonotonicTime now) {
    if (elapsed(last_look_, now) < look_interval_) return {};
    last_look_ = now;
    if (!last_put_on_.seen()) last_put_on_ = now;
    if (elapsed(last_put_on_, now) >= kPutOnInterval) {
        last_put_on_ = now;
        look_interval_ = kShortestLookInterval;
        return put_all_on(files);
    }
    const auto taken = take_off_called(files);
    if (!taken) return tl::unexpected<Error>(taken.error());
    look_interval_ =
        *taken > 0 ? kShortestLookInterval : std::clamp(2 * look_interval_, kShortestLookInterval, kLongestLookInterval);
    return {};
}

}  // namespace footfall
