#include "agent/processes/unix_sockets.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

namespace footfall {

// Num RefCount Protocol Flags Type St Inode [Path], with a line of headings first.
std::optional<std::set<std::uint32_t>> unix_inodes(const std::filesystem::path& process) {
    constexpr int kFieldsBefore = 6;
    std::ifstream file(process / "net/unix");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    std::set<std::uint32_t> inodes;
    while (std::getline(file, line)) {
        std::string_view rest = line;
        for (int field = 0; field < kFieldsBefore; ++field) {
            rest.remove_prefix(std::min(rest.find(' '), rest.size()));
            rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
        }
        std::uint32_t inode = 0;
        if (std::from_chars(rest.data(), rest.data() + rest.size(), inode).ec == std::errc{}) inodes.insert(inode);
    }
    return inodes;
}

std::string network_namespace(const std::filesystem::path& process) {
    std::error_code error;
    return std::filesystem::read_symlink(process / "ns/net", error).string();
}

}  // namespace footfall
