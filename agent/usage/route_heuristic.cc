#include "agent/usage/route_heuristic.h"

#include <xxhash.h>

#include "agent/pipeline/stages.h"
#include "agent/usage/route_segment.h"
#include "agent/usage/segment_kind.h"

namespace footfall {
namespace {

constexpr std::string_view kRest = "/{path...}";

std::string_view without_scheme_and_host(std::string_view target) {
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos || scheme == 0 || target.find('/') < scheme) return target;
    const std::size_t path = target.find('/', scheme + 3);
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

std::uint64_t position_of(std::uint64_t parent, std::string_view segment) {
    return XXH3_64bits_withSeed(segment.data(), segment.size(), parent + 1);
}

}  // namespace

std::string_view path_of(std::string_view target) {
    target = target.substr(0, target.find('?'));  // two searches for one character are faster than one for two
    target = target.substr(0, target.find('#'));
    if (target.empty()) return "/";
    if (target == "*" || target == kUnknownTarget) return target;
    const std::string_view path = without_scheme_and_host(target);
    return path.starts_with('/') ? path : placeholder(SegmentKind::kValue);
}

std::string_view RouteHeuristic::route_of(std::string_view path, Learning learning) {
    if (!path.starts_with('/')) return path;
    route_.clear();
    Position position = 0;
    for (std::size_t segments = 0; !path.empty(); ++segments) {
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        const std::size_t begin = route_.size();
        route_ += '/';
        const bool placeholder_only = append_segment(route_, segment);
        if (segments == kMostSegments || route_.size() > kLongestRoute - kRest.size()) {
            route_.resize(begin);
            route_ += kRest;
            break;
        }
        position = step(position, segment, placeholder_only || route_.size() == begin + 1, learning);
    }
    return route_;
}

// The last segment of route_ is the one just appended; it may yet turn into a placeholder. fixed: it stays as it is.
RouteHeuristic::Position RouteHeuristic::step(Position parent, std::string_view segment, bool fixed, Learning learning) {
    const std::size_t slash = route_.rfind('/');
    const Position named = position_of(parent, std::string_view(route_).substr(slash));
    if (fixed || keeps_name(parent, named, learning)) return named;
    route_.resize(slash + 1);
    append_collapsed(route_, segment);
    return position_of(parent, std::string_view(route_).substr(slash));
}

bool RouteHeuristic::keeps_name(Position parent, Position named, Learning learning) {
    if (names_at_.find(named) != names_at_.end()) return true;
    const auto at = names_at_.find(parent);
    const bool room = names_left_ > 0 && (at == names_at_.end() || at->second < kMostNames);
    if (!room || learning == Learning::kLook) return room;
    --names_left_;
    ++names_at_[parent];
    names_at_[named];
    return true;
}

}  // namespace footfall
