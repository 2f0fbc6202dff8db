#include "agent/stacks/table_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace footfall {
namespace {

constexpr const char* kSuffix = ".unwind1";  // the number changes with the format

constexpr std::size_t kMostName = 200;

// Build-ids and what is added to them are hex; anything else would be a path.
bool is_plain(const std::string& name) {
    return name.size() >= 8 && name.size() <= kMostName && name.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

}  // namespace

TableCache::TableCache(std::filesystem::path directory, std::uint64_t max_bytes)
    : directory_(std::move(directory)), max_bytes_(max_bytes) {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    struct stat status {};
    // Whoever may write there could hand us tables: only its owner may, and that is us.
    usable_ = stat(directory_.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
              (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::filesystem::path TableCache::path_of(const std::string& name) const { return directory_ / (name + kSuffix); }

std::optional<TableFile> TableCache::find(const std::string& name) {
    if (!usable_ || !is_plain(name)) return std::nullopt;
    const std::filesystem::path path = path_of(name);
    Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.valid()) return std::nullopt;
    futimens(file.get(), nullptr);  // used just now
    auto table = TableFile::open(std::move(file));
    if (table) return std::move(*table);
    unlink(path.c_str());
    return std::nullopt;
}

Result<Fd> TableCache::create() const {
    if (usable_) {
        Fd file(open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
        if (file.valid()) return file;
    }
    return create_in_memory();
}

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): one of two ways to the same
Result<Fd> TableCache::create_in_memory() const {
    Fd file(memfd_create("footfall-unwind-table", MFD_CLOEXEC));
    if (!file.valid()) return system_failure("cannot make a file for an unwind table", errno);
    return file;
}

void TableCache::keep(int file, const std::string& name) {
    if (!usable_ || !is_plain(name)) return;
    const std::string unnamed = "/proc/self/fd/" + std::to_string(file);
    if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path_of(name).c_str(), AT_SYMLINK_FOLLOW) == 0) make_room();
}

void TableCache::make_room() {
    struct Kept {
        std::filesystem::file_time_type used;
        std::uint64_t bytes = 0;
        std::filesystem::path path;
    };
    std::vector<Kept> kept;
    std::uint64_t bytes = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
        if (entry.path().extension() != kSuffix) continue;
        kept.push_back({entry.last_write_time(error), entry.file_size(error), entry.path()});
        bytes += kept.back().bytes;
    }
    std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
    for (const Kept& oldest : kept) {
        if (bytes <= max_bytes_) return;
        std::filesystem::remove(oldest.path, error);
        bytes -= oldest.bytes;
    }
}

}  // namespace footfall
