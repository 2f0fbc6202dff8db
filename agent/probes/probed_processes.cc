#include "agent/probes/probed_processes.h"

#include <algorithm>
#include <utility>

namespace footfall {

ProbedProcesses::ProbedProcesses(std::vector<Pid> processes)
    : everywhere_(processes.empty()), processes_(std::move(processes)), lineage_(processes_.begin(), processes_.end()) {}

bool ProbedProcesses::contains(Pid pid) const {
    return std::find(processes_.begin(), processes_.end(), pid) != processes_.end();
}

bool ProbedProcesses::add(Pid pid) {
    if (everywhere_ || contains(pid)) return false;
    processes_.push_back(pid);
    lineage_.insert(pid);
    if (processes_.size() > kMost || ++changes_ > kMostChanges || lineage_.size() > kMostLineage) go_everywhere();
    return true;
}

bool ProbedProcesses::on_forked(Pid parent, Pid child, bool is_alive) {
    if (everywhere_ || !lineage_.contains(parent)) return false;
    lineage_.insert(child);
    return is_alive && add(child);
}

void ProbedProcesses::on_exited(Pid pid) {
    std::erase(processes_, pid);
    lineage_.erase(pid);
}

void ProbedProcesses::go_everywhere() {
    everywhere_ = true;
    processes_.clear();
    lineage_.clear();
}

}  // namespace footfall
