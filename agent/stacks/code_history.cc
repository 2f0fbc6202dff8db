#include "agent/stacks/code_history.h"

#include <algorithm>
#include <utility>

namespace footfall {
namespace {

constexpr std::size_t kMostPrograms = 16;     // of a process, one after another
constexpr std::size_t kMostOfProgram = 1024;  // of a program; with more, it lives long enough to be looked at

}  // namespace

void CodeHistory::on(const ProgramBegun& begun) {
    Programs& programs = programs_of(begun.pid);
    if (programs.size() >= kMostPrograms) {
        bytes_ -= bytes_of(programs.front());
        programs.pop_front();
    }
    programs.push_back({begun.time, {}});
}

void CodeHistory::on(const CodeMapped& mapped) {
    const auto found = processes_.find(mapped.pid);
    if (found == processes_.end() || found->second.empty()) return;
    auto& all = found->second.back().mapped;
    if (all.size() >= kMostOfProgram) return forget(mapped.pid);
    all.push_back(mapped);
    bytes_ += bytes_of(mapped);
    make_room();
}

void CodeHistory::on_forked(Pid parent, Pid child, MonotonicTime time) {
    forget(child);  // an earlier process with that pid
    const Program* program = program_of(parent, time);
    if (program == nullptr) return;
    Program copy = *program;
    std::erase_if(copy.mapped, [&](const CodeMapped& mapped) { return mapped.time > time; });
    bytes_ += bytes_of(copy);
    programs_of(child).push_back(std::move(copy));
    make_room();
}

void CodeHistory::forget(Pid pid) {
    const auto programs = processes_.extract(pid);
    if (!programs) return;
    for (const Program& program : programs.mapped()) bytes_ -= bytes_of(program);
    std::erase(order_, pid);
}

std::size_t CodeHistory::bytes_of(const Program& program) {
    std::size_t bytes = 0;
    for (const CodeMapped& mapped : program.mapped) bytes += bytes_of(mapped);
    return bytes;
}

void CodeHistory::make_room() {
    while (!order_.empty() && (order_.size() > most_processes_ || bytes_ > most_bytes_)) forget(Pid(order_.front()));
}

void CodeHistory::clear() {
    processes_.clear();
    order_.clear();
    bytes_ = 0;
}

CodeHistory::Programs& CodeHistory::programs_of(Pid pid) {
    if (const auto known = processes_.find(pid); known != processes_.end()) return known->second;
    order_.push_back(pid);
    make_room();
    return processes_[pid];
}

const CodeHistory::Program* CodeHistory::program_of(Pid pid, MonotonicTime time) const {
    const auto found = processes_.find(pid);
    if (found == processes_.end()) return nullptr;
    const Programs& programs = found->second;
    const auto later = std::find_if(programs.rbegin(), programs.rend(), [&](const Program& p) { return p.begin <= time; });
    return later == programs.rend() ? nullptr : &*later;
}

std::optional<std::vector<ExecutableMapping>> CodeHistory::at(Pid pid, MonotonicTime time) const {
    const Program* program = program_of(pid, time);
    if (program == nullptr) return std::nullopt;
    ExecutableMaps maps;
    for (const CodeMapped& mapped : program->mapped) {
        if (mapped.time > time) break;
        lay_over(maps, mapped.mapping);
    }
    if (maps.mappings.empty()) return std::nullopt;
    return std::move(maps.mappings);
}

}  // namespace footfall
