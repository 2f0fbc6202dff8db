// All samples of a session, added up by stack. Bounded in bytes: a stack that finds no room is added to its service without
// its frames, and counted. Thread: the one that owns the pipeline's state.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "agent/stacks/sample.h"

namespace footfall {

class StackProfile {
public:
    explicit StackProfile(std::size_t max_bytes = std::size_t{16} << 20) : max_bytes_(max_bytes) {}

    void add(const Sample& sample);
    // More time of a stack that was added: the same wait, in its other state.
    void add_time(const Sample& sample);
    void clear();

    // Each different stack once, with the sums of its samples. In no order.
    void for_each(const std::function<void(const Sample& sum)>& visit) const;

    [[nodiscard]] std::size_t stacks() const { return totals_.size(); }
    [[nodiscard]] std::size_t bytes() const { return bytes_; }
    // Samples whose frames found no room.
    [[nodiscard]] std::uint64_t without_room() const { return without_room_; }
    // User stacks by how their walk ended, complete ones with a guessed frame, frames, and how many of those were guessed.
    [[nodiscard]] const std::array<std::uint64_t, kStopReasons>& stops() const { return stops_; }
    // By how the frames of interpreted programs came into them.
    [[nodiscard]] const std::array<std::uint64_t, kScriptStops>& script_stops() const { return script_stops_; }
    [[nodiscard]] std::uint64_t complete_with_guesses() const { return complete_with_guesses_; }
    [[nodiscard]] std::uint64_t user_frames() const { return user_frames_; }
    [[nodiscard]] std::uint64_t guessed_frames() const { return guessed_frames_; }
    // Waits that were looked at, and how many there were in all, by the odds of being looked at.
    [[nodiscard]] std::uint64_t waits_taken() const { return waits_taken_; }
    [[nodiscard]] double waits_in_all() const { return waits_in_all_; }

private:
    struct Totals {
        double samples = 0;
        std::uint64_t nanoseconds = 0;
    };

    std::size_t max_bytes_;
    std::size_t bytes_ = 0;
    tsl::robin_map<std::string, Totals> totals_;  // by the packed stack
    std::uint64_t without_room_ = 0;
    std::array<std::uint64_t, kStopReasons> stops_{};
    std::array<std::uint64_t, kScriptStops> script_stops_{};
    std::uint64_t complete_with_guesses_ = 0;
    std::uint64_t user_frames_ = 0;
    std::uint64_t guessed_frames_ = 0;
    std::uint64_t waits_taken_ = 0;
    double waits_in_all_ = 0;
};

}  // namespace footfall
