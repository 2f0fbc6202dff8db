#include "symbolizer/files/file_cache.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

namespace footfall {

bool FileCache::is_name(const std::string& text) {
    constexpr std::size_t kLeast = 8;
    constexpr std::size_t kMost = 200;
    return text.size() >= kLeast && text.size() <= kMost && text.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

FileCache::FileCache(std::filesystem::path directory, std::string suffix, std::uint64_t max_bytes)
    : directory_(std::move(directory)), suffix_(std::move(suffix)), max_bytes_(max_bytes) {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    struct stat status {};
    usable_ = stat(directory_.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid() &&
              (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

std::filesystem::path FileCache::path_of(const std::string& name) const { return directory_ / (name + suffix_); }

Fd FileCache::open(const std::string& name) const {
    if (!usable_ || !is_name(name)) return {};
    return Fd(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
}

void FileCache::mark_used(int file) { futimens(file, nullptr); }

Result<Fd> FileCache::create() const {
    Fd file(usable_ ? ::open(directory_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1);
    if (!file.valid()) return system_failure("cannot make a file in " + directory_.string(), usable_ ? errno : EPERM);
    return file;
}

void FileCache::keep(int file, const std::string& name) {
    if (!usable_ || !is_name(name)) return;
    const std::string unnamed = "/proc/self/fd/" + std::to_string(file);
    if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path_of(name).c_str(), AT_SYMLINK_FOLLOW) == 0) make_room();
}

void FileCache::remove(const std::string& name) {
    if (usable_ && is_name(name)) unlink(path_of(name).c_str());
}

void FileCache::make_room() {
    struct Kept {
        std::filesystem::file_time_type used;
        std::uint64_t bytes = 0;
        std::filesystem::path path;
    };
    std::vector<Kept> kept;
    std::uint64_t bytes = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
        if (entry.path().extension() != suffix_) continue;
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
