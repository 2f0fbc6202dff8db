#include "agent/usage/route_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "agent/usage/method.h"

namespace footfall {
namespace {

constexpr std::size_t kLongestPattern = 256;
constexpr std::string_view kRestMark = "...";

// Turns pieces of the pattern, which are views into it, into errors that say where.
class PatternText {
public:
    explicit PatternText(std::string_view text) : text_(text) {}

    [[nodiscard]] tl::unexpected<Error> wrong(const char* position, std::string_view why) const {
        return failure(fmt::format("route pattern '{}', character {}: {}", text_, position - text_.data() + 1, why),
                       "write it like '/orders/{id}', '/files/{path...}' or 'GET /orders/{id}'", ExitCode::kBadConfig);
    }

private:
    std::string_view text_;
};

bool is_name(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

// What can't be in the fixed text of a segment, with what to say about it.
const char* misplaced(char c) {
    if (c == '?' || c == '#') return "the query is no part of a route: end the pattern here";
    if (c == '*') return "there is no *: {name} stands for one segment, {name...} for the rest";
    if (c == '{') return "a segment has room for one placeholder only";
    if (c == '}') return "this } closes nothing";
    if (c <= ' ' || c > '~') return "spaces, control and non-ASCII characters never match: write them percent-encoded";
    return nullptr;
}

std::optional<Error> check_fixed(std::string_view fixed, const PatternText& text) {
    for (const char& c : fixed) {
        if (const char* why = misplaced(c)) return text.wrong(&c, why).value();
    }
    return std::nullopt;
}

Result<RoutePattern::Segment> parse_segment(std::string_view segment, const PatternText& text) {
    RoutePattern::Segment parsed;
    const std::size_t open = segment.find('{');
    parsed.before = segment.substr(0, open);
    if (auto error = check_fixed(segment.substr(0, open), text)) return tl::unexpected(*error);
    if (open == std::string_view::npos) return parsed;

    const std::size_t close = segment.find('}', open);
    if (close == std::string_view::npos) return text.wrong(segment.data() + open, "this { is never closed");
    std::string_view name = segment.substr(open + 1, close - open - 1);
    parsed.placeholder = true;
    parsed.rest = name.ends_with(kRestMark);
    if (parsed.rest) name.remove_suffix(kRestMark.size());
    if (!is_name(name)) {
        return text.wrong(segment.data() + open + 1, "a placeholder needs a name of letters, digits, _ or -");
    }
    const std::string_view after = segment.substr(close + 1);
    if (auto error = check_fixed(after, text)) return tl::unexpected(*error);
    parsed.after = after;
    if (parsed.rest && !(parsed.before.empty() && after.empty())) {
        return text.wrong(segment.data() + open, "a {...} must be a whole segment");
    }
    return parsed;
}

std::string_view without_final_slash(std::string_view path) {
    if (path.ends_with('/')) path.remove_suffix(1);
    return path;
}

bool fits(const RoutePattern::Segment& pattern, std::string_view segment) {
    if (!pattern.placeholder) return segment == pattern.before;
    return segment.size() > pattern.before.size() + pattern.after.size() && segment.starts_with(pattern.before) &&
           segment.ends_with(pattern.after);
}

// Fixed segments first, then placeholders, those with more fixed text around them first.
bool tried_before(const RoutePattern::Segment& a, const RoutePattern::Segment& b) {
    if (a.placeholder != b.placeholder) return !a.placeholder;
    return a.before.size() + a.after.size() > b.before.size() + b.after.size();
}

template <typename Routes>
std::string_view route_for(const Routes& routes, std::string_view method) {
    std::string_view any;
    for (const auto& route : routes) {
        if (route.method == method) return route.text;
        if (route.method.empty()) any = route.text;
    }
    return any;
}

}  // namespace

Result<RoutePattern> parse_route_pattern(std::string_view pattern) {
    const PatternText text(pattern);
    if (pattern.empty()) return text.wrong(pattern.data(), "it is empty");
    if (pattern.size() > kLongestPattern) return text.wrong(pattern.data() + kLongestPattern, "it is too long: 256 at most");
    RoutePattern parsed;
    std::string_view path = pattern;
    if (const std::size_t space = pattern.find(' '); space != std::string_view::npos) {
        parsed.method = pattern.substr(0, space);
        path = pattern.substr(space + 1);
        if (standard_method(parsed.method) != parsed.method || parsed.method == kOtherMethod) {
            return text.wrong(pattern.data(), "the word before the space is no HTTP method (GET, POST, …)");
        }
    }
    if (!path.starts_with('/')) return text.wrong(path.data(), "a path begins with /");
    parsed.route = path;

    std::string_view rest = without_final_slash(path);
    while (!rest.empty()) {
        rest.remove_prefix(1);
        const std::string_view segment = rest.substr(0, rest.find('/'));
        if (!parsed.segments.empty() && parsed.segments.back().rest) {
            return text.wrong(segment.data(), "nothing can follow a {...}");
        }
        Result<RoutePattern::Segment> part = parse_segment(segment, text);
        if (!part) return tl::unexpected(part.error());
        parsed.segments.push_back(*std::move(part));
        rest.remove_prefix(segment.size());
    }
    return parsed;
}

RoutePatterns::RoutePatterns() : nodes_(1) {}

std::uint32_t RoutePatterns::child(std::uint32_t node, const RoutePattern::Segment& segment) {
    auto& edges = nodes_[node].edges;
    const auto same = std::find_if(edges.begin(), edges.end(), [&](const Edge& edge) { return edge.segment == segment; });
    if (same != edges.end()) return same->node;
    const auto added = static_cast<std::uint32_t>(nodes_.size());
    const auto place =
        std::find_if(edges.begin(), edges.end(), [&](const Edge& edge) { return tried_before(segment, edge.segment); });
    edges.insert(place, Edge{segment, added});
    nodes_.emplace_back();
    return added;
}

bool RoutePatterns::add(const RoutePattern& pattern) {
    std::uint32_t node = 0;
    bool rest = false;
    for (const RoutePattern::Segment& segment : pattern.segments) {
        rest = segment.rest;
        if (!rest) node = child(node, segment);
    }
    auto& routes = rest ? nodes_[node].rest_routes : nodes_[node].routes;
    const bool taken = std::any_of(routes.begin(), routes.end(), [&](const Route& r) { return r.method == pattern.method; });
    if (!taken) routes.push_back({pattern.method, pattern.route});
    return !taken;
}

std::string_view RoutePatterns::match(std::string_view method, std::string_view path) const {
    if (!path.starts_with('/')) return {};
    return match_from(nodes_.front(), method, without_final_slash(path));
}

// rest is empty or begins with the slash of the next segment.
std::string_view RoutePatterns::match_from(const Node& node, std::string_view method, std::string_view rest) const {
    std::string_view found;
    if (rest.empty()) {
        found = route_for(node.routes, method);
    } else {
        const std::string_view segment = rest.substr(1, rest.find('/', 1) - 1);
        for (const Edge& edge : node.edges) {
            if (!fits(edge.segment, segment)) continue;
            found = match_from(nodes_[edge.node], method, rest.substr(1 + segment.size()));
            if (!found.empty()) return found;
        }
    }
    return found.empty() ? route_for(node.rest_routes, method) : found;
}

}  // namespace footfall
