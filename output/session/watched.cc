#include "output/session/watched.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace footfall {
namespace {

std::uint64_t sum_of(const google::protobuf::Map<std::string, std::uint64_t>& counts) {
    std::uint64_t sum = 0;
    for (const auto& [reason, count] : counts) sum += count;
    return sum;
}

}  // namespace

Watched watched_by_one(std::int64_t start_unix_nanos, std::uint64_t nanos, std::uint64_t lost) {
    const std::int64_t start = std::max<std::int64_t>(start_unix_nanos, 0);
    const auto room = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max() - start);
    Watched watched;
    TimeSpan& span = *watched.add_spans();
    span.set_start_unix_nanos(start);
    span.set_end_unix_nanos(start + static_cast<std::int64_t>(std::min(nanos, room)));
    watched.set_sessions(1);
    watched.set_lost(lost);
    return watched;
}

void add_watched(Watched& into, const Watched& from) {
    std::vector<TimeSpan> spans(into.spans().begin(), into.spans().end());
    spans.insert(spans.end(), from.spans().begin(), from.spans().end());
    std::sort(spans.begin(), spans.end(),
              [](const TimeSpan& a, const TimeSpan& b) { return a.start_unix_nanos() < b.start_unix_nanos(); });
    into.clear_spans();
    for (const TimeSpan& span : spans) {
        TimeSpan* last = into.spans().empty() ? nullptr : into.mutable_spans(into.spans_size() - 1);
        if (last == nullptr || span.start_unix_nanos() > last->end_unix_nanos()) {
            *into.add_spans() = span;
        } else {
            last->set_end_unix_nanos(std::max(last->end_unix_nanos(), span.end_unix_nanos()));
        }
    }
    into.set_sessions(into.sessions() + from.sessions());
    into.set_lost(into.lost() + from.lost());
}

std::uint64_t length_nanos(const TimeSpan& span) {
    if (span.end_unix_nanos() <= span.start_unix_nanos()) return 0;
    return static_cast<std::uint64_t>(span.end_unix_nanos()) - static_cast<std::uint64_t>(span.start_unix_nanos());
}

std::uint64_t watched_nanos(const Watched& watched) {
    std::uint64_t sum = 0;
    for (const TimeSpan& span : watched.spans()) sum += length_nanos(span);
    return sum;
}

TimeSpan whole_span(const Watched& watched) {
    TimeSpan whole;
    if (watched.spans().empty()) return whole;
    whole.set_start_unix_nanos(watched.spans(0).start_unix_nanos());
    whole.set_end_unix_nanos(watched.spans(watched.spans_size() - 1).end_unix_nanos());
    return whole;
}

std::uint64_t lost_events(const Accounting& accounting) { return sum_of(accounting.dropped()); }

Watched watched_operations(const Snapshot& snapshot) {
    const SessionInfo& session = snapshot.session();
    if (session.has_merged()) return session.merged().operations();
    if (session.functions_alone()) return {};
    const Accounting& accounting = snapshot.accounting();
    return watched_by_one(session.start_unix_nanos(), session.duration_nanos(),
                          lost_events(accounting) + sum_of(accounting.exchanges_lost()));
}

}  // namespace footfall
