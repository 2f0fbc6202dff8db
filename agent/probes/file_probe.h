// The user half of the files probe: which files the watched processes open. Gone from the kernel when it is destroyed.
#pragma once

#include <memory>
#include <vector>

#include "agent/base/result.h"
#include "agent/probes/probe_set.h"
#include "bpf/contract/probe_config.h"

struct files_bpf;

namespace footfall {

class FileProbe {
public:
    // Loads without attaching. Errors as ProbeSet::load().
    static Result<FileProbe> load(const ff_probe_config& who, const SharedMapFds& shared);
    FileProbe(FileProbe&&) noexcept;
    FileProbe& operator=(FileProbe&&) noexcept;
    ~FileProbe();

    Result<void> attach();
    void detach();

    [[nodiscard]] std::vector<int> program_fds() const;

private:
    struct Destroy {
        void operator()(files_bpf* skeleton) const;
    };

    FileProbe() = default;

    std::unique_ptr<files_bpf, Destroy> skeleton_;
};

}  // namespace footfall
