// The files that processes map, as those see them who attach probes to files.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/base/ids.h"
#include "agent/stacks/executable_maps.h"

namespace footfall {

// Which file: the same however many paths lead to it, and however many processes map it.
struct FileId {
    std::uint64_t device = 0;  // executable_maps.h
    std::uint64_t inode = 0;
    auto operator<=>(const FileId&) const = default;
};

FileId id_of(const ExecutableMapping& mapping);
FileId id_of(const struct stat& status);

// What the process maps now, as far as it is of use for probes: of very many mappings, not all. Nothing where it is gone, or
// may not be looked at.
std::optional<ExecutableMaps> maps_of(Pid pid);

// Of the program that the process executes; 0 where that can't be told.
std::uint64_t program_inode(Pid pid);

// "libssl.so.3" of "/usr/lib/libssl.so.3"
std::string_view file_name_of(std::string_view path);

}  // namespace footfall
