#include "agent/processes/opened_files.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "agent/base/text.h"

namespace footfall {
namespace {

std::string open_error(std::uint32_t number) {
    const char* const name = number != 0 ? strerrorname_np(static_cast<int>(number)) : nullptr;
    if (name != nullptr) return name;
    return number != 0 ? fmt::format("errno {}", number) : std::string();
}

}  // namespace

std::string opened_path(std::string_view names, bool cut) {
    std::string path;
    while (!names.empty()) {
        const std::size_t end = std::min(names.find('\0'), names.size());
        const std::string_view name = names.substr(0, end);
        path = path.empty() ? std::string(name) : fmt::format("{}/{}", name, path);
        names.remove_prefix(std::min(end + 1, names.size()));
    }
    if (cut) return "…/" + path;
    if (!path.starts_with('/')) path.insert(0, 1, '/');
    return std::filesystem::path(path).lexically_normal();
}

void OpenedFiles::on_opened(const FileOpened& event) {
    const std::string path = opened_path(event.names, event.cut);
    if (std::none_of(globs_.begin(), globs_.end(), [&](const std::string& glob) { return glob_match(glob, path); })) return;
    const std::string error = open_error(event.error);
    sink_(
        {
            .kind = Kind::kFile,
            .role = Role::kClient,
            .outcome = error.empty() ? Outcome::kOk : Outcome::kError,
            .pid = event.pid,
            .tid = event.tid,
            .method = (event.flags & O_ACCMODE) == O_RDONLY ? "READ" : "WRITE",
            .target = path,
            .error_type = error,
            .begin = event.time,
            .end = event.time,
        },
        event.uid);
}

}  // namespace footfall
