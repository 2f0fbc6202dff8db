#include "output/json/watched_json.h"

#include "output/session/wall_clock_text.h"
#include "output/session/watched.h"

namespace footfall {

nlohmann::ordered_json time_json(std::int64_t unix_nanos) {
    if (unix_nanos == 0) return nullptr;
    return rfc3339_utc({unix_nanos});
}

nlohmann::ordered_json watched_json(const Watched& watched) {
    const TimeSpan whole = whole_span(watched);
    const auto covered = static_cast<double>(watched_nanos(watched));
    const auto length = static_cast<double>(length_nanos(whole));
    return {{"seconds", covered / 1e9},
            {"share", length > 0 ? covered / length : 0},
            {"from", time_json(whole.start_unix_nanos())},
            {"to", time_json(whole.end_unix_nanos())},
            {"sessions", watched.sessions()},
            {"lost", watched.lost()}};
}

}  // namespace footfall
