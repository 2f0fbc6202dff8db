// Routes as users write them: what is configured always wins over what the heuristic would make of a path.
//
//   /orders/{id}            {id} is one segment that is not empty
//   /@{name}/lists          with fixed text before or after the placeholder
//   /files/{path...}        the rest, slashes included: no segment, one or many; only as the last one
//   GET /orders/{id}        for one method only
//
// A slash at the end makes no difference, neither in a pattern nor in a path. Where several patterns match, fixed text wins
// over a placeholder at the first segment where they differ, and a pattern with a method over one without.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

struct RoutePattern {
    struct Segment {
        std::string before;  // the whole segment where it has no placeholder
        std::string after;
        bool placeholder = false;
        bool rest = false;
        bool operator==(const Segment& other) const = default;  // placeholders are equal whatever their names
    };

    std::string method;  // of the standard ones; empty: any
    std::string route;   // the path part as written: the name of what matches
    std::vector<Segment> segments;
};

// Fails with what is wrong, and with the character where it is, counted from 1.
[[nodiscard]] Result<RoutePattern> parse_route_pattern(std::string_view text);

// Matching: a tree of segments. A match visits no node twice and compares no byte of the path more often than there are
// patterns that agree up to it; it allocates nothing. Immutable once filled.
class RoutePatterns {
public:
    RoutePatterns();

    // False where an earlier pattern matches just the same; that one stays.
    [[nodiscard]] bool add(const RoutePattern& pattern);

    // The route that a path belongs to, or nothing. method is one of the standard ones or kOtherMethod; the path has no
    // query. The result lives as long as this does.
    [[nodiscard]] std::string_view match(std::string_view method, std::string_view path) const;

    [[nodiscard]] bool empty() const { return nodes_.size() == 1 && nodes_.front().routes.empty(); }

private:
    struct Route {
        std::string method;
        std::string text;
    };
    struct Edge {
        RoutePattern::Segment segment;
        std::uint32_t node = 0;
    };
    struct Node {
        std::vector<Edge> edges;  // in the order in which they are tried
        std::vector<Route> routes;
        std::vector<Route> rest_routes;
    };

    [[nodiscard]] std::uint32_t child(std::uint32_t node, const RoutePattern::Segment& segment);
    [[nodiscard]] std::string_view match_from(const Node& node, std::string_view method, std::string_view rest) const;

    std::vector<Node> nodes_;
};

}  // namespace footfall
