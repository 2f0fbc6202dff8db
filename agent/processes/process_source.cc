#include "agent/processes/process_source.h"

#include "agent/processes/service_name.h"
#include "symbolizer/elf/identity.h"

namespace footfall {

std::optional<ProcessDescription> LiveProcessSource::describe(Pid pid) {
    auto facts = proc_.facts(pid);
    if (!facts) return std::nullopt;
    facts->declared_service = proc_.declared_service(pid);
    return ProcessDescription{
        .service = service_name(*facts),
        .executable = facts->executable,
        .build_id = read_build_id(proc_.directory_of(pid) / "exe").value_or(""),
        .parent = facts->parent,
        .uid = facts->uid,
    };
}

void RecordedProcessSource::on_described(const ProcessDescribed& event) {
    latest_[event.pid] = {
        .service = std::string(event.service),
        .executable = std::string(event.executable),
        .build_id = std::string(event.build_id),
    };
}

std::optional<ProcessDescription> RecordedProcessSource::describe(Pid pid) {
    const auto found = latest_.find(pid);
    if (found == latest_.end()) return std::nullopt;
    return found->second;
}

}  // namespace footfall
