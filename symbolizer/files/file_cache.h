// Files that are kept on disk by names which begin with a build-id: a directory under a limit of bytes, where the least
// recently used go first. Only files with our suffix count and go. Two caches, and two agents, may share a directory.
// Thread: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "agent/base/fd.h"
#include "agent/base/result.h"

namespace footfall {

class FileCache {
public:
    // Makes the directory. suffix: ".unwind1".
    FileCache(std::filesystem::path directory, std::string suffix, std::uint64_t max_bytes);

    // Build-ids and what is added to them are hex; anything else could be a path, and is never found or kept.
    static bool is_name(const std::string& text);

    // Whoever may write there could hand us files: false where that is not us alone. Nothing is found or kept then.
    [[nodiscard]] bool usable() const { return usable_; }
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    // Not valid where there is none of this name. Being opened is no use: mark_used() is.
    [[nodiscard]] Fd open(const std::string& name) const;
    static void mark_used(int file);

    // An empty file, to be written and read; it has no name yet.
    [[nodiscard]] Result<Fd> create() const;
    // Gives a finished file its name, unless there is one of that name. That this fails costs only the next start some time.
    void keep(int file, const std::string& name);
    void remove(const std::string& name);

private:
    [[nodiscard]] std::filesystem::path path_of(const std::string& name) const;
    void make_room();

    std::filesystem::path directory_;
    std::string suffix_;
    std::uint64_t max_bytes_;
    bool usable_ = false;
};

}  // namespace footfall
