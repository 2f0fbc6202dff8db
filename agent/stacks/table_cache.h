// Unwind tables on disk, by names that begin with the build-id, so that each build of a binary is read once. A directory of
// files under a limit of bytes; the least recently used go first. Where it can't be written to, tables live in memory files
// and are gone with the agent. Thread: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "agent/base/fd.h"
#include "symbolizer/files/file_cache.h"
#include "symbolizer/unwind/table_file.h"

namespace footfall {

class TableCache {
public:
    TableCache(const std::filesystem::path& directory, std::uint64_t max_bytes);

    // Nothing where there is none of this name, or a damaged one, which is removed.
    std::optional<TableFile> find(const std::string& name);

    // An empty file for a table that is to be built; it has no name yet.
    [[nodiscard]] Result<Fd> create() const;
    // The same, never on disk.
    [[nodiscard]] Result<Fd> create_in_memory() const;
    // Gives a finished file its name. That this fails costs only the next start some time.
    void keep(int file, const std::string& name) { files_.keep(file, name); }

private:
    FileCache files_;
};

}  // namespace footfall
