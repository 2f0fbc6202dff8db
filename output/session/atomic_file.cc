#include "output/session/atomic_file.h"

#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "agent/base/fd.h"

namespace footfall {
namespace {

// A file that is removed again unless it was renamed.
class TemporaryFile {
public:
    TemporaryFile(std::string path, Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}
    ~TemporaryFile() {
        if (fd_.valid()) ::unlink(path_.c_str());
    }
    TemporaryFile(TemporaryFile&&) = default;
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    void keep() { fd_.reset(); }

private:
    std::string path_;
    Fd fd_;
};

tl::unexpected<Error> already_there(const std::string& path) {
    return failure(path + " exists already", "--force replaces it");
}

Result<TemporaryFile> create_beside(const std::string& path) {
    std::uint64_t random = 0;
    if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) return system_failure("cannot get random bytes", errno);
    std::string temporary = fmt::format("{}.{:016x}.tmp", path, random);
    Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!fd.valid()) return system_failure("cannot create " + path, errno);
    return TemporaryFile(std::move(temporary), std::move(fd));
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_failure("cannot write " + path, errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(fd) != 0) return system_failure("cannot write " + path, errno);
    return {};
}

// Where the file system can't refuse to replace by itself, the check before it has to do.
int rename_without_replacing(const char* from, const char* to) {
    const int result = ::renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    return result != 0 && errno == EINVAL ? std::rename(from, to) : result;
}

}  // namespace

Result<void> check_destination(const std::string& path, IfExists if_exists) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        if (errno == ENOENT) return {};
        return system_failure("cannot write " + path, errno);
    }
    if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
        return failure("cannot write " + path + ": it is there and is not a regular file");
    }
    if (if_exists == IfExists::kRefuse) return already_there(path);
    return {};
}

Result<void> write_file_atomically(const std::string& path, std::string_view bytes, IfExists if_exists) {
    if (auto free = check_destination(path, if_exists); !free) return free;
    auto temporary = create_beside(path);
    if (!temporary) return tl::unexpected(temporary.error());
    if (auto written = write_all(temporary->fd(), bytes, path); !written) return written;

    const char* from = temporary->path().c_str();
    const bool replace = if_exists == IfExists::kReplace;
    const int renamed = replace ? std::rename(from, path.c_str()) : rename_without_replacing(from, path.c_str());
    if (renamed != 0) return errno == EEXIST ? already_there(path) : system_failure("cannot write " + path, errno);
    temporary->keep();
    return {};
}

}  // namespace footfall
