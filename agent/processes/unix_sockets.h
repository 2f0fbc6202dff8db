// Which Unix sockets there are, by inode, as a process sees them: its network namespace's /proc/net/unix.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>

namespace footfall {

// process: /proc/PID. Nothing if it is gone or may not be read: then nothing is known of its sockets.
std::optional<std::set<std::uint32_t>> unix_inodes(const std::filesystem::path& process);

// Which network namespace that is, as a name to compare ("net:[4026531840]"); empty if it can't be told.
std::string network_namespace(const std::filesystem::path& process);

}  // namespace footfall
