#include "agent/stacks/jitdump_files.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <utility>

#include "agent/stacks/open_mapped.h"
#include "symbolizer/jit/code_owner.h"
#include "symbolizer/jit/jitdump.h"

namespace footfall {
namespace {

Fd open_own(Pid pid, const ExecutableMapping& mapping) {
    const auto owner = read_code_owner(fmt::format("/proc/{}", number(pid)));
    Fd file = open_mapped(pid, mapping);
    return owner && file.valid() && may_name_code(*owner, file.get()) ? std::move(file) : Fd();
}

}  // namespace

void JitDumpFiles::note(Pid pid, const ExecutableMapping& mapping) {
    const auto known = noted_.find(pid);
    const bool same =
        known != noted_.end() && known->second.device == mapping.device && known->second.inode == mapping.inode;
    if (same) return;
    Fd file = open_own(pid, mapping);
    if (!file.valid()) return;
    if (known == noted_.end()) order_.push_back(pid);
    noted_[pid] = {std::move(file), mapping.device, mapping.inode};
    if (order_.size() <= most_) return;
    noted_.erase(order_.front());
    order_.pop_front();
}

Fd JitDumpFiles::file_of(Pid pid) const {
    const auto noted = noted_.find(pid);
    return noted == noted_.end() ? Fd() : Fd(fcntl(noted->second.file.get(), F_DUPFD_CLOEXEC, 0));
}

Fd find_jitdump(Pid pid) {
    constexpr std::size_t kMostMappings = 16'384;
    const auto maps = read_executable_maps(pid, kMostMappings);
    if (!maps) return {};
    for (const ExecutableMapping& mapping : maps->mappings) {
        if (mapping.inode == 0 || !JitDump::is_path(mapping.path)) continue;
        if (Fd file = open_own(pid, mapping); file.valid()) return file;
    }
    return {};
}

}  // namespace footfall
