#include "agent/processes/cgroup_names.h"

#include <algorithm>
#include <array>
#include <string>

#include "agent/base/text.h"

namespace footfall {
namespace {

constexpr std::string_view kServiceSuffix = ".service";
constexpr std::array<std::string_view, 4> kUnitSuffixes{kServiceSuffix, ".scope", ".slice", ".mount"};

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
    if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
    return text;
}

std::optional<std::string_view> id_in_segment(std::string_view segment) {
    segment = without_suffix(segment, ".scope");
    if (segment.size() < kContainerIdLength) return std::nullopt;
    const std::string_view prefix = segment.substr(0, segment.size() - kContainerIdLength);
    const std::string_view id = segment.substr(prefix.size());
    if (!std::all_of(id.begin(), id.end(), is_lower_hex) || prefix.find("conmon") != std::string_view::npos)
        return std::nullopt;
    if (!prefix.empty() && prefix.back() != '-' && prefix.back() != ':') return std::nullopt;
    return id;
}

std::string_view prefix_through(std::string_view path, std::string_view segment) {
    return path.substr(0, static_cast<std::size_t>(segment.data() - path.data()) + segment.size());
}

bool is_service(std::string_view segment) {
    return segment.size() > kServiceSuffix.size() && segment.ends_with(kServiceSuffix) && !segment.starts_with("user@");
}

}  // namespace

std::optional<std::string_view> container_id(std::string_view cgroup_path) {
    const auto segments = split(cgroup_path, '/');
    for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment)
        if (const auto id = id_in_segment(*segment)) return id;
    return std::nullopt;
}

std::optional<std::string_view> container_id(const std::vector<CgroupMembership>& cgroups) {
    for (const CgroupMembership& cgroup : cgroups)
        if (const auto id = container_id(cgroup.path)) return id;
    return std::nullopt;
}

std::optional<std::string_view> service_unit_path(std::string_view cgroup_path) {
    const auto segments = split(cgroup_path, '/');
    const auto found = std::find_if(segments.rbegin(), segments.rend(), is_service);
    if (found == segments.rend()) return std::nullopt;
    return prefix_through(cgroup_path, *found);
}

std::string_view systemd_path(const std::vector<CgroupMembership>& cgroups) {
    std::string_view path;
    for (const CgroupMembership& cgroup : cgroups) {
        // On hosts with both, systemd keeps v1's up to date and v2's may be empty.
        if (cgroup.hierarchy == "name=systemd") return cgroup.path;
        if (cgroup.hierarchy.empty()) path = cgroup.path;
    }
    return path;
}

std::optional<std::string_view> systemd_service(const std::vector<CgroupMembership>& cgroups) {
    const auto path = service_unit_path(systemd_path(cgroups));
    if (!path) return std::nullopt;
    return without_suffix(path->substr(path->rfind('/') + 1), kServiceSuffix);
}

std::optional<std::string_view> path_of_unit(const std::vector<CgroupMembership>& cgroups, std::string_view unit) {
    const auto names_kind = [&](std::string_view suffix) { return unit.ends_with(suffix); };
    const bool complete = std::any_of(kUnitSuffixes.begin(), kUnitSuffixes.end(), names_kind);
    const std::string wanted = std::string(unit) + std::string(complete ? std::string_view() : kServiceSuffix);
    const std::string_view path = systemd_path(cgroups);
    for (const std::string_view segment : split(path, '/'))
        if (segment == wanted) return prefix_through(path, segment);
    return std::nullopt;
}

}  // namespace footfall
