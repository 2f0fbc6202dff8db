// Which files a process runs code from, and where: the executable mappings of /proc/PID/maps.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/ids.h"
#include "agent/stacks/kernel_tables.h"

namespace footfall {

// As ExecutableMapping keeps it.
constexpr std::uint64_t device_number(std::uint64_t major, std::uint64_t minor) { return major << 20 | minor; }

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
    MemoryIdentity memory;
};

// Nothing where the process is gone, or may not be looked at. proc: "/proc". Neighbours
// without a file are one. At most `most` mappings: of more, those without a file are left out first.
std::optional<ExecutableMaps> read_executable_maps(Pid pid, std::size_t most, const std::filesystem::path& proc = "/proc");

// Maps other code there. A file that was there in part is gone, for it must have been unmapped, which nobody records; of
// memory without a file, the rest stays.
void lay_over(ExecutableMaps& maps, ExecutableMapping mapping);

}  // namespace footfall
