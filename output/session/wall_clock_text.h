// Times as text, always UTC: local time zones make two people read two different moments.
#pragma once

#include <string>

#include "agent/base/clock.h"

namespace footfall {

// RFC 3339 with microseconds: "2025-11-22T17:53:00.123456Z". Empty for the epoch itself, which stands for "not known".
[[nodiscard]] std::string rfc3339_utc(WallTime time);

// "17:53:00.123"
[[nodiscard]] std::string time_of_day_utc(WallTime time);

// "2025-11-22 17:53:00 UTC"
[[nodiscard]] std::string date_and_time_utc(WallTime time);

// "2025-11-22 17:53"
[[nodiscard]] std::string minute_utc(WallTime time);

}  // namespace footfall
