// How sure "never" is, in words: how long it was watched, of what time, and what was lost.
#pragma once

#include <string>

#include "output/session/snapshot.pb.h"
#include "output/table/terminal_text.h"

namespace footfall {

// "3h12m watched of 24h00m (13%) between 2026-11-28 00:00:00 UTC and 2026-11-29 00:00:00 UTC, in 3 sessions, 0 lost"
[[nodiscard]] std::string watched_text(const Watched& watched);

// A line for each thing that must be known of sessions that were merged; empty for a single one.
[[nodiscard]] std::string merged_text(const SessionInfo& session, const TerminalStyle& style);

}  // namespace footfall
