#include "output/table/watched_text.h"

#include <spdlog/fmt/fmt.h>

#include "agent/base/human_units.h"
#include "output/session/wall_clock_text.h"
#include "output/session/watched.h"

namespace footfall {
namespace {

std::string length_text(std::uint64_t nanoseconds) { return human_duration(static_cast<double>(nanoseconds) / 1e9); }

}  // namespace

std::string watched_text(const Watched& watched) {
    if (watched.spans().empty()) return "not watched";
    const TimeSpan whole = whole_span(watched);
    const std::uint64_t covered = watched_nanos(watched);
    return fmt::format("{} watched of {} ({}) between {} and {}, in {} session{}, {} lost", length_text(covered),
                       length_text(length_nanos(whole)), human_share(covered, length_nanos(whole)),
                       date_and_time_utc({whole.start_unix_nanos()}), date_and_time_utc({whole.end_unix_nanos()}),
                       grouped(watched.sessions()), watched.sessions() == 1 ? "" : "s", grouped(watched.lost()));
}

std::string merged_text(const SessionInfo& session, const TerminalStyle& style) {
    if (!session.has_merged()) return {};
    std::string text =
        toned(fmt::format("{} sessions, added up", grouped(session.merged().sessions())), Tone::kQuiet, style) + "\n";
    if (const std::uint64_t overlap = session.merged().overlap_nanos(); overlap > 0) {
        text += toned(fmt::format("sessions of the same host overlap by {}: what was used then may be counted twice",
                                  length_text(overlap)),
                      Tone::kAlarm, style) +
                "\n";
    }
    return text;
}

}  // namespace footfall
