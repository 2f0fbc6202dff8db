#include "symbolizer/files/open_below_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace footfall {
namespace {

Miss miss_of_open(int error) { return error == EACCES || error == EPERM ? Miss::kNoPermission : Miss::kNoSuchFile; }

}  // namespace

tl::expected<Fd, Miss> open_below_root(const std::string& root, const std::string& path) {
    const Fd directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return tl::unexpected(miss_of_open(errno));
    open_how how{};
    how.flags = O_PATH | O_CLOEXEC;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const Fd found(static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
    if (!found.valid()) return tl::unexpected(miss_of_open(errno));
    Fd file = open_if_regular(found.get());
    if (!file.valid()) return tl::unexpected(miss_of_open(errno));
    return file;
}

Fd open_if_regular(int found) {
    struct stat status {};
    if (fstat(found, &status) != 0) return {};
    if (!S_ISREG(status.st_mode)) {
        errno = ENOENT;
        return {};
    }
    return Fd(open(("/proc/self/fd/" + std::to_string(found)).c_str(), O_RDONLY | O_CLOEXEC));
}

}  // namespace footfall
