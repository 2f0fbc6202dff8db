#include "agent/stacks/open_mapped.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <string>
#include <utility>

#include "symbolizer/files/open_below_root.h"

namespace footfall {
namespace {

Fd open_file(const std::string& path, std::uint64_t inode, struct stat& status) {
    const Fd found(open(path.c_str(), O_PATH | O_CLOEXEC));
    const bool right = found.valid() && fstat(found.get(), &status) == 0 && status.st_ino == inode;
    return right ? open_if_regular(found.get()) : Fd();
}

}  // namespace

Fd open_mapped(Pid pid, const ExecutableMapping& mapping) {
    const std::string process = fmt::format("/proc/{}", number(pid));
    struct stat status {};
    for (const std::string& path :
         {fmt::format("{}/map_files/{:x}-{:x}", process, mapping.start, mapping.end), process + "/root" + mapping.path}) {
        if (Fd file = open_file(path, mapping.inode, status); file.valid()) return file;
    }
    // Where the process is gone, its file system may have been ours; the device tells.
    Fd file = open_file(mapping.path, mapping.inode, status);
    return mapping.device == device_number(major(status.st_dev), minor(status.st_dev)) ? std::move(file) : Fd();
}

}  // namespace footfall
