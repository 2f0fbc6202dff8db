// Makes routes of paths that no pattern matches: what a service's routes would look like had its programmer told us.
//
// Each segment that looks like a value becomes a placeholder (segment_kind.h). Names stay, but a position under one parent
// keeps at most kMostNames of them: the names that came first stay as they are, so a route never changes; further ones
// become {value}. The bound is high enough for flat RPC interfaces (/api/hello.world, some dozens of names at one level) and
// keeps paths such as /{owner}/{repository}/hooks from growing without end; where it is wrong, a user pattern settles it.
// All positions together keep at most `names` of them.
//
// One per service and role. Not synchronized. Memory is bounded by `names`; a hash collision merges two names' counts, never
// the routes.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace footfall {

// The path of a request's target: without scheme, host, query and fragment. "/" for none, "*" stays; what is no path at all
// (CONNECT's host and port, rubbish) is "{value}". A view into the target, or static text.
[[nodiscard]] std::string_view path_of(std::string_view target);

class RouteHeuristic {
public:
    static constexpr std::uint32_t kMostNames = 64;
    static constexpr std::size_t kLongestRoute = 256;
    static constexpr std::size_t kMostSegments = 16;  // the rest is {path...}

    enum class Learning : std::uint8_t {
        kLearn,  // names that are new take one of the places
        kLook,   // names that are new stay names, but take no place
    };

    explicit RouteHeuristic(std::uint32_t names) : names_left_(names) {}

    // path is what path_of gives. The result is valid until the next call.
    [[nodiscard]] std::string_view route_of(std::string_view path, Learning learning);

private:
    using Position = std::uint64_t;  // hash of the route so far

    [[nodiscard]] Position step(Position parent, std::string_view segment, bool fixed, Learning learning);
    [[nodiscard]] bool keeps_name(Position parent, Position named, Learning learning);

    tsl::robin_map<Position, std::uint32_t> names_at_;  // how many names a position has under it
    std::uint32_t names_left_;
    std::string route_;
};

}  // namespace footfall
