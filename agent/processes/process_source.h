// Where descriptions of processes come from: the live /proc, or a recorded session. A replay is fed the descriptions that
// the recording made, and so names the same services on any host.
//
// Thread: the one that owns the pipeline's state.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"
#include "agent/processes/proc_fs.h"

namespace footfall {

struct ProcessDescription {
    std::string service;
    std::string executable{};  // as the process sees it; may be empty
    std::string build_id{};    // hex; may be empty
    Pid parent{};              // 0: unknown
    Uid uid{};
};

class ProcessSource {
public:
    ProcessSource() = default;
    virtual ~ProcessSource() = default;
    ProcessSource(const ProcessSource&) = delete;
    ProcessSource& operator=(const ProcessSource&) = delete;

    // Nothing if the process is gone, or was never described.
    virtual std::optional<ProcessDescription> describe(Pid pid) = 0;
};

// Looks into /proc, and into the executable for its build-id.
class LiveProcessSource : public ProcessSource {
public:
    explicit LiveProcessSource(ProcFs proc = ProcFs()) : proc_(std::move(proc)) {}
    std::optional<ProcessDescription> describe(Pid pid) override;

private:
    ProcFs proc_;
};

// Hands out what was recorded last about each process.
class RecordedProcessSource : public ProcessSource {
public:
    void on_described(const ProcessDescribed& event);
    [[nodiscard]] bool knows(Pid pid) const { return latest_.contains(pid); }
    std::optional<ProcessDescription> describe(Pid pid) override;

private:
    std::unordered_map<Pid, ProcessDescription> latest_;
};

}  // namespace footfall
