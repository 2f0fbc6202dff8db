#include "agent/processes/process_table.h"

#include "agent/processes/service_name.h"

namespace footfall {
namespace {

constexpr int kMaxAncestors = 8;

}  // namespace

ProcessTable::ProcessTable(ProcessSource& source, Services& services, Observer observer, ProcessTableLimits limits)
    : source_(source), services_(services), observer_(std::move(observer)), limits_(limits) {}

ServiceId ProcessTable::service_of(Pid pid, std::string_view comm) { return described(pid, comm).info.service; }

const ProcessInfo& ProcessTable::info_of(Pid pid) { return described(pid, {}).info; }

ProcessTable::Slot& ProcessTable::described(Pid pid, std::string_view comm, int depth) {
    const auto known = slots_by_pid_.find(number(pid));
    if (known != slots_by_pid_.end() && slots_[known->second].knowledge == Knowledge::kDescribed) {
        touch(known->second);
        return slots_[known->second];
    }
    // A pid whose owner has ended may be somebody else's by now.
    const bool ended = known != slots_by_pid_.end() && slots_[known->second].exited.seen();
    auto description = ended ? std::nullopt : source_.describe(pid);
    if (!description) description = guess(pid, comm, depth);
    describe(pid, *description);
    if (observer_) observer_(pid, *description);
    touch(slots_by_pid_[number(pid)]);
    return *find(pid);
}

ProcessDescription ProcessTable::guess(Pid pid, std::string_view comm, int depth) {
    const Slot* slot = find(pid);
    if (slot == nullptr) return {.service = service_name({.comm = std::string(comm)})};
    const Pid parent = slot->info.parent;
    const Uid uid = slot->info.uid;
    if (slot->knowledge == Knowledge::kExecuted)
        return {.service = service_name({.comm = slot->comm}), .parent = parent, .uid = uid};

    const bool ask_parent = slot->knowledge == Knowledge::kNothing && parent != Pid{} && depth < kMaxAncestors;
    if (slot->knowledge == Knowledge::kNothing && !ask_parent)
        return {.service = service_name({.comm = std::string(comm)}), .parent = parent};
    const ProcessInfo& info = ask_parent ? described(parent, {}, depth + 1).info : slot->info;
    return {services_.name(info.service), info.executable, info.build_id, parent, info.uid};
}

void ProcessTable::describe(Pid pid, const ProcessDescription& description) {
    Slot& slot = find_or_add(pid);
    const ServiceId service = services_.intern(description.service);
    const bool counted = slot.counted && slot.info.service == service;
    if (!counted) services_.add_process(service, description.executable, description.build_id);
    slot.counted = true;
    const Pid parent = description.parent == Pid{} ? slot.info.parent : description.parent;
    slot.info = {service, description.executable, description.build_id, parent, description.uid};
    slot.comm.clear();
    slot.knowledge = Knowledge::kDescribed;
}

void ProcessTable::on_forked(const ProcessForked& event) {
    advance(event.time);
    remove(event.pid);
    Slot inherited;
    if (const Slot* parent = find(event.parent)) {
        inherited.info = parent->info;
        inherited.comm = parent->comm;
        inherited.knowledge = parent->knowledge == Knowledge::kDescribed ? Knowledge::kInherited : parent->knowledge;
    }
    Slot& child = find_or_add(event.pid);
    child.info = std::move(inherited.info);
    child.comm = std::move(inherited.comm);
    child.knowledge = inherited.knowledge;
    child.info.parent = event.parent;
}

void ProcessTable::on_executed(const ProcessExecuted& event) {
    advance(event.time);
    Slot& slot = find_or_add(event.pid);
    slot.knowledge = Knowledge::kExecuted;
    slot.comm = event.comm;
    slot.info.uid = event.uid;
    slot.exited = {};
}

void ProcessTable::on_exited(const ProcessExited& event) {
    advance(event.time);
    Slot* slot = find(event.pid);
    if (slot == nullptr || slot->exited.seen()) return;
    slot->exited = event.time;
    exits_.push_back({event.pid, event.time});
}

void ProcessTable::advance(MonotonicTime now) {
    while (!exits_.empty() && elapsed(exits_.front().time, now) > limits_.grace_nanoseconds) {
        const Exit exit = exits_.front();
        exits_.pop_front();
        const Slot* slot = find(exit.pid);
        if (slot != nullptr && slot->exited == exit.time) remove(exit.pid);
    }
}

ProcessTable::Slot* ProcessTable::find(Pid pid) {
    const auto known = slots_by_pid_.find(number(pid));
    return known == slots_by_pid_.end() ? nullptr : &slots_[known->second];
}

ProcessTable::Slot& ProcessTable::find_or_add(Pid pid) {
    if (Slot* slot = find(pid)) return *slot;
    if (slots_by_pid_.size() >= limits_.processes) remove(slots_[oldest_].pid);
    if (free_slots_.empty()) {
        free_slots_.push_back(static_cast<SlotNumber>(slots_.size()));
        slots_.emplace_back();
    }
    const SlotNumber slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot].pid = pid;
    slots_by_pid_[number(pid)] = slot;
    link_newest(slot);
    return slots_[slot];
}

void ProcessTable::remove(Pid pid) {
    const auto known = slots_by_pid_.find(number(pid));
    if (known == slots_by_pid_.end()) return;
    const SlotNumber slot = known->second;
    slots_by_pid_.erase(known);
    unlink(slot);
    slots_[slot] = {};
    free_slots_.push_back(slot);
}

void ProcessTable::touch(SlotNumber slot) {
    if (slot == newest_) return;
    unlink(slot);
    link_newest(slot);
}

void ProcessTable::link_newest(SlotNumber slot) {
    slots_[slot].older = newest_;
    slots_[slot].newer = kNone;
    (newest_ == kNone ? oldest_ : slots_[newest_].newer) = slot;
    newest_ = slot;
}

void ProcessTable::unlink(SlotNumber slot) {
    const Slot& out = slots_[slot];
    (out.newer == kNone ? newest_ : slots_[out.newer].older) = out.older;
    (out.older == kNone ? oldest_ : slots_[out.older].newer) = out.newer;
}

}  // namespace footfall
