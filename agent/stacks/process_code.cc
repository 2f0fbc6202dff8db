#include "agent/stacks/process_code.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace footfall {
namespace {

constexpr std::size_t kMostOfProcess = 16383;  // as many as the kernel side searches

// How long what was read of a process is left at that, since reading thousands of mappings takes milliseconds: where it is
// certainly out of date, and where it only seems so.
std::uint64_t read_interval(std::size_t mappings) { return 5'000'000 + 1'000 * mappings; }
std::uint64_t look_again_after(std::size_t mappings) { return 100'000'000 + 100'000 * mappings; }

bool has_code_without_room(const ProcessCode& process) {
    return std::any_of(process.placed.begin(), process.placed.end(),
                       [](const PlacedMapping& mapping) { return mapping.module == kModuleWithoutRoom; });
}

}  // namespace

ProcessCodes::ProcessCodes(CodeModules& modules, KernelTables* tables, std::size_t most)
    : modules_(modules), tables_(tables), most_(most), history_(most) {}

std::shared_ptr<ProcessCode> ProcessCodes::of(Pid pid, std::uint64_t stack_start, MonotonicTime now, bool again) {
    if (bring_code_records_) bring_code_records_();
    const auto found = processes_.find(pid);
    const bool known = found != processes_.end();
    if (known && found->second->maps.memory.stack_start == stack_start) {
        const ProcessCode& process = *found->second;
        const std::uint64_t age = elapsed(process.read, now);
        const std::size_t mappings = process.maps.mappings.size();
        if (process.stale && age < read_interval(mappings)) return past(pid, stack_start, now);
        if (!process.stale && (!again || age < look_again_after(mappings))) {
            if (!process.published) place(pid, *found->second);
            return found->second;
        }
    }
    if (!known && processes_.size() >= most_) return nullptr;
    auto maps = read_executable_maps(pid, kMostOfProcess);
    if (!maps || maps->memory.stack_start != stack_start) {
        if (auto before = past(pid, stack_start, now)) return before;
    }
    if (!maps) return known ? found->second : nullptr;
    // Copies of another program's stacks, or from before other code was mapped, keep the mappings of then.
    const bool same = known && !found->second->stale && found->second->maps.memory.stack_start == maps->memory.stack_start;
    auto process = same ? found->second : std::make_shared<ProcessCode>();
    processes_[pid] = process;
    process->maps = std::move(*maps);
    process->read = now;
    place(pid, *process);
    return process;
}

std::shared_ptr<ProcessCode> ProcessCodes::past(Pid pid, std::uint64_t stack_start, MonotonicTime time) {
    auto mappings = history_.at(pid, time);
    if (!mappings) return nullptr;
    auto process = std::make_shared<ProcessCode>();
    process->maps = {*std::move(mappings), {.stack_start = stack_start}};
    process->read = time;
    place(pid, *process);
    return process;
}

void ProcessCodes::meet(Pid pid, MonotonicTime now) {
    const auto maps = read_executable_maps(pid, kMostOfProcess);
    if (maps && !maps->mappings.empty()) of(pid, maps->memory.stack_start, now, false);
}

bool ProcessCodes::is_current(Pid pid, const ProcessCode& process) const {
    const auto found = processes_.find(pid);
    return found != processes_.end() && found->second.get() == &process;
}

void ProcessCodes::place(Pid pid, ProcessCode& process) {
    process.placed.clear();
    process.complete = true;
    for (const ExecutableMapping& mapping : process.maps.mappings) {
        const std::optional<ModuleNumber> module = modules_.find(pid, mapping);
        process.complete &= module.has_value();
        if (module) process.placed.push_back({mapping.start, mapping.end, modules_.bias_of(mapping, *module), *module});
    }
    if (!process.complete || !is_current(pid, process)) return;
    if (tables_ != nullptr) process.published = tables_->publish_process(pid, process.placed, process.maps.memory);
    if (listener_ != nullptr) listener_->on_placed(pid, process);
}

void ProcessCodes::place_described() {
    for (const auto& [pid, process] : processes_) {
        if (!process->complete) place(pid, *process);
    }
}

void ProcessCodes::on(const CodeRecord& record) {
    std::visit([this](const auto& typed) { history_.on(typed); }, record);
    if (const auto* mapped = std::get_if<CodeMapped>(&record)) return lay_over_process(*mapped);
    const auto& begun = std::get<ProgramBegun>(record);
    const auto found = processes_.find(begun.pid);
    if (found != processes_.end() && begun.time > found->second->read) forget(begun.pid);
}

void ProcessCodes::lay_over_process(const CodeMapped& mapped) {
    const auto found = processes_.find(mapped.pid);
    if (found == processes_.end() || mapped.time <= found->second->read) return;
    std::shared_ptr<ProcessCode>& process = found->second;
    withdraw(mapped.pid, process);
    lay_over(process->maps, mapped.mapping);
    process->stale |= process->maps.mappings.size() > kMostOfProcess;
}

// The kernel side walks no further by what it knows; the next stack comes as a copy, and has the mappings placed anew.
// Copies of stacks from before keep the mappings of then.
void ProcessCodes::withdraw(Pid pid, std::shared_ptr<ProcessCode>& process) {
    if (process.use_count() > 1) {
        process = std::make_shared<ProcessCode>(*process);
        process->charged = false;
    }
    process->placed.clear();
    process->complete = false;
    if (process->published && tables_ != nullptr) tables_->forget_process(pid);
    process->published = false;
}

void ProcessCodes::on_code_records_lost() {
    history_.clear();
    for (auto& [pid, process] : processes_) {
        process->stale = true;
        if (tables_ != nullptr) tables_->forget_process(pid);
    }
}

// Until it executes, a child runs what its parent does; it may be gone before it can be looked at.
void ProcessCodes::on_forked(Pid parent, Pid child, MonotonicTime time) {
    const auto known = processes_.find(parent);
    if (known == processes_.end()) {
        if (bring_code_records_) bring_code_records_();
        return history_.on_forked(parent, child, time);
    }
    if (processes_.size() >= most_) return;
    const auto process = std::make_shared<ProcessCode>(*known->second);
    process->published = false;
    process->charged = false;
    processes_[child] = process;
    if (listener_ != nullptr) listener_->on_forked(parent, child);
}

void ProcessCodes::on_exited(Pid pid) {
    forget(pid);
    history_.forget(pid);
}

void ProcessCodes::forget(Pid pid) {
    if (processes_.erase(pid) == 0) return;
    if (tables_ != nullptr) tables_->forget_process(pid);
    if (listener_ != nullptr) listener_->on_forgotten(pid);
}

void ProcessCodes::look_again_for_room() {
    for (auto& [pid, process] : processes_) {
        if (has_code_without_room(*process)) withdraw(pid, process);
    }
}

}  // namespace footfall
