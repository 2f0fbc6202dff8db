#include "agent/probes/tls_watch.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

#include "agent/probes/library_folders.h"
#include "agent/stacks/open_mapped.h"

namespace footfall {
namespace {

constexpr std::array<std::string_view, 3> kNames{"ssl", "gnutls", "nspr"};
constexpr std::size_t kMostFiles = 8192;  // that are remembered to have nothing

}  // namespace

bool is_named_like_tls(std::string_view path) {
    const std::string_view name = file_name_of(path);
    return std::any_of(kNames.begin(), kNames.end(),
                       [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

std::vector<ExecutableMapping> tls_candidates(Pid pid, bool all) {
    auto maps = maps_of(pid);
    if (!maps) return {};
    const std::uint64_t program = program_inode(pid);
    std::vector<ExecutableMapping> candidates;
    for (ExecutableMapping& mapping : maps->mappings) {
        const bool wanted = all || mapping.inode == program || is_named_like_tls(mapping.path);
        const bool known = std::any_of(candidates.begin(), candidates.end(),
                                       [&](const ExecutableMapping& other) { return id_of(other) == id_of(mapping); });
        if (mapping.inode != 0 && wanted && !known) candidates.push_back(std::move(mapping));
    }
    return candidates;
}

bool TlsWatch::look(Pid pid, bool all) {
    if (refused_) return false;
    for (const ExecutableMapping& mapping : tls_candidates(pid, all)) {
        File* file = examine(pid, mapping);
        if (file == nullptr || !file->number) continue;
        file->users.insert(pid);
        readers_.insert(pid);
    }
    return reads(pid);
}

TlsWatch::File* TlsWatch::examine(Pid pid, const ExecutableMapping& mapping) {
    const FileId id = id_of(mapping);
    if (const auto known = files_.find(id); known != files_.end()) return &known->second;
    if (files_.size() >= kMostFiles) std::erase_if(files_, [](const auto& file) { return !file.second.number; });
    const Fd opened = open_mapped(pid, mapping);
    if (!opened.valid()) return nullptr;  // the process is gone: the next one that has the file may show it
    File& file = files_[id];
    file.number = attach(opened, mapping.path);
    return &file;
}

void TlsWatch::look_at_host() {
    if (std::exchange(host_seen_, true) || refused_) return;
    for (const std::string_view directory : kLibraryFolders) {
        for (const std::string_view name : {"libssl.so.3", "libssl.so.1.1", "libgnutls.so.30"}) {
            const std::string path = std::filesystem::path(directory) / name;
            struct stat status {};
            Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
            if (!file.valid() || fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
            const FileId id = id_of(status);
            if (!files_.contains(id)) files_[id].number = attach(file, path);
        }
    }
}

std::optional<unsigned> TlsWatch::attach(const Fd& file, const std::string& path) {
    const TlsFunctions found = find_tls_functions(file.get());
    if (found.functions.empty() || !load()) return std::nullopt;
    if (probe_->is_full()) make_room();
    auto number = probe_->attach(file, found);
    if (!number) {
        spdlog::warn("no plaintext of {}: {}", path, number.error().what);
        return std::nullopt;
    }
    if (found.calls == TlsCalls::kGo) probed_ = std::max(probed_, FF_TLS_GO_PROBED);
    if (found.calls == TlsCalls::kGoStack) probed_ = FF_TLS_GO_STACK_PROBED;
    spdlog::debug("attached to {} in {}", found.library, path);
    return *number;
}

bool TlsWatch::load() {
    if (probe_) return true;
    auto probe = TlsProbe::load(who_, shared_);
    if (!probe) {
        spdlog::warn("no plaintext of TLS: {}", probe.error().what);
        refused_ = true;
        return false;
    }
    probe_ = std::move(*probe);
    return true;
}

void TlsWatch::on_exited(Pid pid) {
    if (readers_.erase(pid) == 0) return;
    ++exits_;
    for (auto& [key, file] : files_) {
        if (file.users.erase(pid) > 0 && file.users.empty()) file.left = exits_;
    }
}

// The file goes that was without users for longest.
void TlsWatch::make_room() {
    auto oldest = files_.end();
    for (auto file = files_.begin(); file != files_.end(); ++file) {
        const bool idle = file->second.number && file->second.users.empty() && file->second.left != 0;
        if (idle && (oldest == files_.end() || file->second.left < oldest->second.left)) oldest = file;
    }
    if (oldest == files_.end()) return;
    probe_->detach(*oldest->second.number);
    files_.erase(oldest);
}

void TlsWatch::detach() {
    if (probe_) probe_->detach_all();
    files_.clear();
}

}  // namespace footfall
