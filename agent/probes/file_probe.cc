#include "agent/probes/file_probe.h"

#include <bpf/libbpf.h>
#include <files.skel.h>

#include <cerrno>

#include "agent/kernel/libbpf_log.h"
#include "agent/probes/attach.h"

namespace footfall {

void FileProbe::Destroy::operator()(files_bpf* skeleton) const { files_bpf__destroy(skeleton); }

FileProbe::FileProbe(FileProbe&&) noexcept = default;
FileProbe& FileProbe::operator=(FileProbe&&) noexcept = default;
FileProbe::~FileProbe() = default;

Result<FileProbe> FileProbe::load(const ff_probe_config& who, const SharedMapFds& shared) {
    const LibbpfLog log;
    FileProbe probe;
    probe.skeleton_.reset(files_bpf__open());
    if (!probe.skeleton_) return refusal("cannot open the files probe", errno);
    probe.skeleton_->rodata->probe_config = who;
    const auto& maps = probe.skeleton_->maps;
    int error = bpf_map__reuse_fd(maps.events, shared.events);
    if (error == 0) error = bpf_map__reuse_fd(maps.counters, shared.counters);
    if (error == 0) error = bpf_map__reuse_fd(maps.watched, shared.watched);
    if (error == 0) error = files_bpf__load(probe.skeleton_.get());
    if (error != 0) return refusal("cannot load the files probe", -error);
    return probe;
}

Result<void> FileProbe::attach() {
    const LibbpfLog log;
    auto& links = skeleton_->links;
    const auto& programs = skeleton_->progs;
    if (auto attached = attach_program(programs.file_opened, &links.file_opened); !attached) return attached;
    if (auto attached = attach_program(programs.file_opened_at, &links.file_opened_at); !attached) return attached;
    return attach_program(programs.file_opened_at_how, &links.file_opened_at_how);
}

void FileProbe::detach() { files_bpf__detach(skeleton_.get()); }

std::vector<int> FileProbe::program_fds() const {
    const auto& programs = skeleton_->progs;
    return {bpf_program__fd(programs.file_opened), bpf_program__fd(programs.file_opened_at),
            bpf_program__fd(programs.file_opened_at_how)};
}

}  // namespace footfall
