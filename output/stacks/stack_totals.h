// What a summary says of stacks: how complete they are, and which functions had the time. Nanoseconds throughout.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "output/stacks/stack_reader.h"

namespace footfall {

struct StackCompleteness {
    std::uint64_t walks = 0;  // over user stacks; a kernel thread has none to walk
    std::uint64_t complete = 0;
    std::optional<std::uint64_t> complete_with_guesses;        // of those; nothing: the session does not say
    std::vector<std::pair<std::string, std::uint64_t>> stops;  // before the outermost frame, most first
    std::uint64_t user_frames = 0;
    std::uint64_t guessed_frames = 0;
    std::uint64_t script_walks = 0;  // user stacks in which an interpreter ran
    std::uint64_t script_complete = 0;
    std::vector<std::pair<std::string, std::uint64_t>> script_stops;  // of the others, most first
};
[[nodiscard]] StackCompleteness completeness(const Stacks& stacks);

struct FunctionTime {
    std::string function;
    std::string module;
    std::uint64_t self = 0;   // on the CPU in the function itself
    std::uint64_t total = 0;  // on the CPU in it or in what it called; recursion counts once
};

// Where the user's code waits: the innermost frame outside the kernel. What kernel threads do is under their innermost one.
struct WaitTime {
    std::string function;
    std::string module;
    std::string caller;  // where that is the C library: the innermost function outside of it, which says more
    std::string kind;    // "lock", "io", …; "cpu": ready to run, with no CPU to run on
    std::uint64_t nanos = 0;
    std::uint64_t waits = 0;
};

struct ServiceTime {
    std::string service;
    std::uint64_t running = 0;
    std::uint64_t waiting = 0;
    std::vector<FunctionTime> functions;  // most self time first; all with self time
    std::vector<WaitTime> waits;          // longest first
};

// Most time on the CPU first; services that were never seen running last, by waiting time.
[[nodiscard]] std::vector<ServiceTime> time_by_service(const StackReader& reader);

}  // namespace footfall
