// Which files a process runs code from, and where: the executable mappings of /proc/PID/maps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/ids.h"

namespace footfall {

struct ExecutableMapping {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t file_offset = 0;  // of start
    std::uint64_t device = 0;
    std::uint64_t inode = 0;  // 0: no file is behind it
    std::string path;         // as the process sees it, without " (deleted)"; "[vdso]"; empty for memory of its own
};

struct ExecutableMaps {
    std::vector<ExecutableMapping> mappings;  // by address
    // As the kernel counts them in mm->exec_vm, so that it can tell when these mappings are out of date: code that can't be
    // written to, the vDSO included.
    std::uint64_t executable_pages = 0;
};

// Nothing where the process is gone, or may not be looked at. proc: "/proc". At most `most` mappings; those above are left
// out.
std::optional<ExecutableMaps> read_executable_maps(Pid pid, std::size_t most, const std::filesystem::path& proc = "/proc");

}  // namespace footfall
