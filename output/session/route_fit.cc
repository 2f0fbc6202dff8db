#include "output/session/route_fit.h"

#include <algorithm>
#include <array>

namespace footfall {
namespace {

using Match = RouteFit::Match;

// What segment_kind.h of agent/usage makes of values.
constexpr std::array<std::string_view, 4> kValuePlaceholders{"{id}", "{uuid}", "{hash}", "{date}"};
constexpr std::string_view kRestEnd = "...}";

std::string_view without_final_slash(std::string_view route) {
    if (route.ends_with('/')) route.remove_suffix(1);
    return route;
}

// Takes "/segment" off the front.
std::string_view take_segment(std::string_view& route) {
    route.remove_prefix(1);
    const std::string_view segment = route.substr(0, route.find('/'));
    route.remove_prefix(segment.size());
    return segment;
}

bool is_rest(std::string_view segment) { return segment.starts_with('{') && segment.ends_with(kRestEnd); }

// The fixed text around the placeholders of a segment: before the first one, and behind the last one.
struct Shape {
    std::string_view before;
    std::string_view after;
    bool placeholder = false;
};

Shape shape_of(std::string_view segment) {
    const std::size_t open = segment.find('{');
    const std::size_t close = segment.rfind('}');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {segment, {}, false};
    return {segment.substr(0, open), segment.substr(close + 1), true};
}

bool fits_text(const Shape& shape, std::string_view text) {
    return text.size() > shape.before.size() + shape.after.size() && text.starts_with(shape.before) &&
           text.ends_with(shape.after);
}

bool may_be_same(const Shape& a, const Shape& b) {
    const bool before = a.before.starts_with(b.before) || b.before.starts_with(a.before);
    return before && (a.after.ends_with(b.after) || b.after.ends_with(a.after));
}

bool stands_for_values(std::string_view segment) {
    return std::any_of(kValuePlaceholders.begin(), kValuePlaceholders.end(),
                       [&](std::string_view placeholder) { return segment.find(placeholder) != std::string_view::npos; });
}

struct SegmentFit {
    Match match = Match::kNo;
    char closeness = 0;
};

SegmentFit fit_segment(std::string_view described, std::string_view used, bool configured) {
    const Shape wanted = shape_of(described);
    const Shape seen = shape_of(used);
    if (described == used) return {Match::kYes, wanted.placeholder ? 'c' : 'd'};
    if (!wanted.placeholder && !seen.placeholder) return {};
    if (wanted.placeholder) {
        const bool fits = seen.placeholder ? may_be_same(wanted, seen) : fits_text(wanted, used);
        const bool all = wanted.before.empty() && wanted.after.empty();
        return fits ? SegmentFit{Match::kYes, all ? 'b' : 'c'} : SegmentFit{};
    }
    if (!configured && stands_for_values(used)) return {};
    return fits_text(seen, described) ? SegmentFit{Match::kPerhaps, 'a'} : SegmentFit{};
}

}  // namespace

RouteFit fit_route(std::string_view described, std::string_view used, bool configured) {
    described = without_final_slash(described);
    used = without_final_slash(used);
    RouteFit fit{Match::kYes, {}};
    while (!described.empty() && !used.empty()) {
        const std::string_view wanted = take_segment(described);
        const std::string_view seen = take_segment(used);
        if (is_rest(wanted)) return fit;
        if (is_rest(seen)) return {Match::kPerhaps, fit.closeness};
        const SegmentFit segment = fit_segment(wanted, seen, configured);
        if (segment.match == Match::kNo) return {};
        fit.match = std::min(fit.match, segment.match);
        fit.closeness += segment.closeness;
    }
    // A rest may be nothing.
    if (!described.empty()) return is_rest(take_segment(described)) ? fit : RouteFit{};
    if (!used.empty()) return is_rest(take_segment(used)) ? RouteFit{Match::kPerhaps, fit.closeness} : RouteFit{};
    return fit;
}

std::size_t count_segments(std::string_view route) {
    route = without_final_slash(route);
    return static_cast<std::size_t>(std::count(route.begin(), route.end(), '/'));
}

bool has_rest(std::string_view route) { return route.find(kRestEnd) != std::string_view::npos; }

}  // namespace footfall
