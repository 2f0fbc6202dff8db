#include "agent/probes/mapped_files.h"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <cstddef>

namespace footfall {
namespace {

constexpr std::size_t kMostMappings = 4096;

}  // namespace

FileId id_of(const ExecutableMapping& mapping) { return {mapping.device, mapping.inode}; }

FileId id_of(const struct stat& status) {
    return {device_number(major(status.st_dev), minor(status.st_dev)), status.st_ino};
}

std::optional<ExecutableMaps> maps_of(Pid pid) { return read_executable_maps(pid, kMostMappings); }

std::uint64_t program_inode(Pid pid) {
    struct stat status {};
    return stat(fmt::format("/proc/{}/exe", number(pid)).c_str(), &status) == 0 ? status.st_ino : 0;
}

std::string_view file_name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace footfall
