// What is mounted, as this process sees it: /proc/self/mountinfo.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace footfall {

struct Mount {
    std::string root;                        // the part of the file system that is mounted; "/" is all of it
    std::string point;                       // where
    std::string type;                        // "cgroup2"
    std::vector<std::string> super_options;  // "rw", "name=systemd"
};

std::vector<Mount> parse_mounts(std::string_view mountinfo);

// host_root: where "/" of the host is; "/" but in tests. Empty if it can't be read.
std::vector<Mount> read_mounts(const std::filesystem::path& host_root);

// The first of that type; null if there is none.
const Mount* find_mount(const std::vector<Mount>& mounts, std::string_view type, std::string_view super_option = {});

}  // namespace footfall
