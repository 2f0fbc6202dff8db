// Does a route that was used belong to one that an API description names?
//
// Both are templates: "/orders/{orderId}" of the description, and what the naming of operations made of the paths that it
// saw (agent/usage): a pattern of the user's, or of its own making, whose placeholders stand for what looks like a value
// ({id}, {uuid}, {hash}, {date}) or for whatever came too often ({value}, {file}.css). Names of placeholders mean nothing.
// A slash at the end makes no difference. {path...} is the rest, however long.
//
// A segment of the description that is fixed text may be hidden behind a placeholder of what was used: "/users/me" behind
// "/users/{value}", or behind the user's own "/users/{name}". Whether it is can't be told from the name, so that is
// kPerhaps. {id} and its like, if nobody configured them, stand for values only: they hide no words. The text of a
// description that looks like a value itself is expected as the naming would have it: /v/{id} for /v/2024.
//
// Pure functions over untrusted text; time is linear in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace footfall {

struct RouteFit {
    enum class Match : std::uint8_t { kNo, kPerhaps, kYes };

    Match match = Match::kNo;
    // Of two that match, the closer one has the greater closeness: fixed text wins over a placeholder at the first segment
    // where they differ.
    std::string closeness;
};

// configured: the used route is a pattern of the user's.
[[nodiscard]] RouteFit fit_route(std::string_view described, std::string_view used, bool configured);

// "/a/{b}" has two; a slash at the end is none.
[[nodiscard]] std::size_t count_segments(std::string_view route);

// Whether a {...} stands for any number of segments.
[[nodiscard]] bool has_rest(std::string_view route);

}  // namespace footfall
