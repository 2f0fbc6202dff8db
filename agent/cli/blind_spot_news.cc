#include "agent/cli/blind_spot_news.h"

#include <unistd.h>

#include <cstdio>

#include "output/table/blind_spots_text.h"

namespace footfall {
namespace {

void tell(const BlindSpot& spot) {
    constexpr std::size_t kHintIndent = 2;
    const std::string text = blind_spot_text(spot, kHintIndent, TerminalStyle::of(STDERR_FILENO));
    std::fprintf(stderr, "footfall: not seen: %s", text.c_str());
}

Snapshot blind_spots_of(const Pipeline& pipeline) {
    Snapshot snapshot;
    pipeline.fill_blind_spots(snapshot);
    return snapshot;
}

}  // namespace

void BlindSpotNews::look(const Pipeline& pipeline, MonotonicTime now) {
    if (elapsed(last_look_, now) < kNanosecondsPerSecond) return;
    last_look_ = now;
    const Snapshot snapshot = blind_spots_of(pipeline);
    std::set<Spot> there;
    for (const BlindSpot& spot : snapshot.blind_spots()) {
        const Spot key{spot.service(), spot.reason()};
        there.insert(key);
        if (seen_.contains(key) && told_.insert(key).second) tell(spot);
    }
    seen_ = std::move(there);
}

void BlindSpotNews::finish(const Pipeline& pipeline) {
    const Snapshot snapshot = blind_spots_of(pipeline);
    for (const BlindSpot& spot : snapshot.blind_spots()) {
        if (told_.insert({spot.service(), spot.reason()}).second) tell(spot);
    }
}

}  // namespace footfall
