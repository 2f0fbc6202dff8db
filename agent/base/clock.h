// Times by the clock they come from. Kernel events carry CLOCK_MONOTONIC; people read CLOCK_REALTIME.
#pragma once

#include <compare>
#include <cstdint>
#include <ctime>

namespace footfall {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

// Nanoseconds of CLOCK_MONOTONIC. 0 stands for "not seen".
struct MonotonicTime {
    std::uint64_t nanoseconds = 0;
    auto operator<=>(const MonotonicTime&) const = default;
    [[nodiscard]] bool seen() const { return nanoseconds != 0; }
};

// Nanoseconds since the Unix epoch.
struct WallTime {
    std::int64_t nanoseconds = 0;
    auto operator<=>(const WallTime&) const = default;
};

inline std::uint64_t elapsed(MonotonicTime from, MonotonicTime to) {
    return to.nanoseconds > from.nanoseconds ? to.nanoseconds - from.nanoseconds : 0;
}

inline double in_seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

inline std::int64_t read_clock(clockid_t id) {
    timespec now{};
    clock_gettime(id, &now);
    return now.tv_sec * kNanosecondsPerSecond + now.tv_nsec;
}

inline MonotonicTime monotonic_now() { return {static_cast<std::uint64_t>(read_clock(CLOCK_MONOTONIC))}; }
inline WallTime wall_now() { return {read_clock(CLOCK_REALTIME)}; }

// Turns event times into wall times; taken once at the start of a session and kept in its files.
struct ClockOffset {
    std::int64_t nanoseconds = 0;  // wall - monotonic
    static ClockOffset now() { return {read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC)}; }
    [[nodiscard]] WallTime wall(MonotonicTime time) const {
        return {static_cast<std::int64_t>(time.nanoseconds) + nanoseconds};
    }
};

}  // namespace footfall
