// The cgroup hierarchies of the host as directories: which paths there are, and the numbers that BPF knows a cgroup by.
//
// cgroup v2 may be the only hierarchy (/sys/fs/cgroup), stand beside v1 (/sys/fs/cgroup/unified), or not be mounted.
// Threads: any; read once at construction, and the directories at each call.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.h"

namespace footfall {

// What bpf_get_current_ancestor_cgroup_id() takes and returns.
struct CgroupId {
    std::uint64_t id = 0;     // inode of the directory
    std::uint32_t level = 0;  // depth; the root is 0
    bool operator==(const CgroupId&) const = default;
};

class CgroupTree {
public:
    // host_root: where "/" of the host is; "/" but in tests.
    explicit CgroupTree(const std::filesystem::path& host_root = "/");

    // Where cgroup v2 is mounted, as the host calls it.
    [[nodiscard]] const std::optional<std::string>& unified_mount() const { return unified_.point; }

    // A cgroup as users give it: "/system.slice/nginx.service", with or without the first slash, or with the mount point in
    // front. Gives the path within the hierarchy.
    [[nodiscard]] std::string normalize(std::string_view path) const;

    // In v2 or in systemd's v1 hierarchy.
    [[nodiscard]] bool exists(const std::string& path) const;

    // The v2 cgroup. Nothing if it is not there, is the root (which every process is in, so that it says nothing), or
    // footfall runs in a cgroup namespace, where the kernel's depths can't be known.
    [[nodiscard]] std::optional<CgroupId> id_of(const std::string& path) const;

    // The cgroups in the same directory as that path would be: what it might have been meant to be.
    [[nodiscard]] std::vector<std::string> siblings(const std::string& path) const;

private:
    struct Hierarchy {
        std::optional<std::string> point;
        std::filesystem::path directory;
        std::string root;
    };

    [[nodiscard]] static std::optional<std::filesystem::path> directory_of(const Hierarchy& hierarchy,
                                                                           const std::string& path);

    Hierarchy unified_;
    Hierarchy systemd_;
    bool depths_known_ = false;
};

}  // namespace footfall
