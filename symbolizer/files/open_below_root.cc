#include "symbolizer/files/open_below_root.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace footfall {
namespace {

Miss miss_of_open(int error) { return error == EACCES || error == EPERM ? Miss::kNoPermission : Miss::kNoSuchFile; }

}  // namespace

tl::expected<Fd, Miss> open_below_root(const std::string& root, const std::string& path) {
    const Fd directory(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.valid()) return tl::unexpected(miss_of_open(errno));
    open_how how{};
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    Fd file(static_cast<int>(syscall(SYS_openat2, directory.get(), path.c_str(), &how, sizeof how)));
    if (!file.valid()) return tl::unexpected(miss_of_open(errno));
    struct stat status {};
    if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return tl::unexpected(Miss::kNoSuchFile);
    return file;
}

}  // namespace footfall
