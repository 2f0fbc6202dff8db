#include "output/session/wall_clock_text.h"

#include <spdlog/fmt/fmt.h>

#include <ctime>

namespace footfall {
namespace {

struct BrokenDown {
    std::tm calendar{};
    std::int64_t nanoseconds = 0;
};

BrokenDown break_down(WallTime time) {
    std::int64_t seconds = time.nanoseconds / kNanosecondsPerSecond;
    std::int64_t rest = time.nanoseconds % kNanosecondsPerSecond;
    if (rest < 0) {
        --seconds;
        rest += kNanosecondsPerSecond;
    }
    BrokenDown out{.nanoseconds = rest};
    const std::time_t clock = seconds;
    gmtime_r(&clock, &out.calendar);
    return out;
}

std::string date(const std::tm& calendar) {
    return fmt::format("{:04}-{:02}-{:02}", calendar.tm_year + 1900, calendar.tm_mon + 1, calendar.tm_mday);
}

std::string clock(const std::tm& calendar) {
    return fmt::format("{:02}:{:02}:{:02}", calendar.tm_hour, calendar.tm_min, calendar.tm_sec);
}

}  // namespace

std::string rfc3339_utc(WallTime time) {
    if (time.nanoseconds == 0) return {};
    const BrokenDown parts = break_down(time);
    return fmt::format("{}T{}.{:06}Z", date(parts.calendar), clock(parts.calendar), parts.nanoseconds / 1'000);
}

std::string time_of_day_utc(WallTime time) {
    const BrokenDown parts = break_down(time);
    return fmt::format("{}.{:03}", clock(parts.calendar), parts.nanoseconds / 1'000'000);
}

std::string date_and_time_utc(WallTime time) {
    const BrokenDown parts = break_down(time);
    return fmt::format("{} {} UTC", date(parts.calendar), clock(parts.calendar));
}

std::string minute_utc(WallTime time) { return date_and_time_utc(time).substr(0, 16); }

}  // namespace footfall
