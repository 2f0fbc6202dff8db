#include "agent/processes/unix_sockets.h"

#include <fstream>
#include <sstream>
#include <string>

namespace footfall {

// Num RefCount Protocol Flags Type St Inode [Path], with a line of headings first.
std::optional<std::set<std::uint32_t>> unix_inodes(const std::filesystem::path& process) {
    std::ifstream file(process / "net/unix");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    std::set<std::uint32_t> inodes;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string skipped;
        std::uint32_t inode = 0;
        for (int i = 0; i < 6; ++i) fields >> skipped;
        if (fields >> inode) inodes.insert(inode);
    }
    return inodes;
}

}  // namespace footfall
