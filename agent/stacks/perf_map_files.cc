#include "agent/stacks/perf_map_files.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "symbolizer/jit/code_owner.h"
#include "symbolizer/jit/perf_map.h"

namespace footfall {

void ProcessUsers::note(Pid pid, Uid user) {
    const auto [known, is_new] = users_.insert_or_assign(pid, user);
    if (!is_new) return;
    order_.push_back(pid);
    if (order_.size() <= most_) return;
    users_.erase(order_.front());
    order_.pop_front();
}

std::optional<Uid> ProcessUsers::of(Pid pid) const {
    const auto known = users_.find(pid);
    return known == users_.end() ? std::nullopt : std::optional(known->second);
}

tl::expected<Fd, Miss> open_perf_map(Pid pid, std::optional<Uid> user) {
    auto file = PerfMap::open(pid);
    if (file) return file;
    std::error_code error;
    const bool ended = !std::filesystem::exists(fmt::format("/proc/{}/root/", number(pid)), error);
    if (!ended) return tl::unexpected(file.error() == Miss::kNoPermission ? Miss::kForeignMap : Miss::kNoMap);
    const std::string left = fmt::format("/tmp/perf-{}.map", number(pid));
    Fd opened(open(left.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!opened.valid()) return tl::unexpected(Miss::kNoMap);
    // Of a user whom nobody knows, root's word counts only.
    const CodeOwner owner{number(user.value_or(Uid{0})), {}};
    if (!may_name_code(owner, opened.get())) return tl::unexpected(Miss::kForeignMap);
    return opened;
}

}  // namespace footfall
