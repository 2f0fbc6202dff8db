#include "agent/processes/cgroup_tree.h"

#include <sys/stat.h>

#include <algorithm>

#include "agent/base/text.h"
#include "agent/processes/mounts.h"

namespace footfall {
namespace {

namespace fs = std::filesystem;

// PROC_CGROUP_INIT_INO: the cgroup namespace that the host started with.
constexpr std::string_view kInitialNamespace = "cgroup:[4026531835]";

std::uint32_t depth_of(std::string_view path) {
    const auto segments = split(path, '/');
    return static_cast<std::uint32_t>(std::count_if(segments.begin(), segments.end(), [](auto s) { return !s.empty(); }));
}

bool is_below(std::string_view path, std::string_view top) {
    return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

bool leaves_the_tree(std::string_view path) {
    const auto segments = split(path, '/');
    return std::find(segments.begin(), segments.end(), "..") != segments.end();
}

}  // namespace

CgroupTree::CgroupTree(const fs::path& host_root) {
    const auto mounts = read_mounts(host_root);
    const auto hierarchy_of = [&](const Mount* mount) {
        if (mount == nullptr) return Hierarchy{};
        return Hierarchy{mount->point, host_root / fs::path(mount->point).relative_path(),
                         mount->root == "/" ? "" : mount->root};
    };
    unified_ = hierarchy_of(find_mount(mounts, "cgroup2"));
    systemd_ = hierarchy_of(find_mount(mounts, "cgroup", "name=systemd"));

    std::error_code error;
    const auto space = fs::read_symlink(host_root / "proc/self/ns/cgroup", error);
    depths_known_ = !error && space == kInitialNamespace && !leaves_the_tree(unified_.root);
}

std::string CgroupTree::normalize(std::string_view path) const {
    for (const Hierarchy* hierarchy : {&unified_, &systemd_})
        if (hierarchy->point && is_below(path, *hierarchy->point)) {
            path.remove_prefix(hierarchy->point->size());
            break;
        }
    std::string normal;
    for (const std::string_view segment : split(path, '/'))
        if (!segment.empty() && segment != ".") normal.append("/").append(segment);
    return normal.empty() ? "/" : normal;
}

std::optional<fs::path> CgroupTree::directory_of(const Hierarchy& hierarchy, const std::string& path) {
    if (!hierarchy.point || leaves_the_tree(path) || !is_below(path, hierarchy.root)) return std::nullopt;
    return hierarchy.directory / fs::path(path.substr(hierarchy.root.size())).relative_path();
}

bool CgroupTree::exists(const std::string& path) const {
    const auto is_directory = [&](const Hierarchy& hierarchy) {
        std::error_code error;
        const auto directory = directory_of(hierarchy, path);
        return directory && fs::is_directory(*directory, error);
    };
    return is_directory(unified_) || is_directory(systemd_);
}

std::optional<CgroupId> CgroupTree::id_of(const std::string& path) const {
    const auto directory = directory_of(unified_, path);
    const std::uint32_t level = depth_of(path);
    if (!directory || !depths_known_ || level == 0) return std::nullopt;
    struct stat status {};
    if (stat(directory->c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) return std::nullopt;
    return CgroupId{status.st_ino, level};
}

std::vector<std::string> CgroupTree::siblings(const std::string& path) const {
    const fs::path parent = fs::path(path).parent_path();
    std::vector<std::string> found;
    for (const Hierarchy* hierarchy : {&unified_, &systemd_}) {
        const auto directory = directory_of(*hierarchy, parent.string());
        if (!directory) continue;
        std::error_code error;
        for (fs::directory_iterator entry(*directory, error), end; !error && entry != end; entry.increment(error)) {
            std::error_code ignored;
            if (entry->is_directory(ignored)) found.push_back((parent / entry->path().filename()).string());
        }
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

}  // namespace footfall
