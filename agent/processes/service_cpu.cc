#include "agent/processes/service_cpu.h"

#include <algorithm>
#include <ctime>

#include "agent/base/clock.h"
#include "agent/base/growth.h"

namespace footfall {
namespace {

// The clock of another process, as clock_getcpuclockid(3) makes it; that one asks for the process first.
clockid_t cpu_clock_of(Pid pid) {
    constexpr unsigned kScheduled = 2;
    constexpr unsigned kPidShift = 3;
    return static_cast<clockid_t>(~number(pid) << kPidShift | kScheduled);
}

}  // namespace

std::optional<std::uint64_t> cpu_of_process(Pid pid) {
    timespec time{};
    if (clock_gettime(cpu_clock_of(pid), &time) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(time.tv_sec) * kNanosecondsPerSecond + static_cast<std::uint64_t>(time.tv_nsec);
}

void ServiceCpu::fold(const Process& process, std::uint64_t cpu) {
    if (process.service) ended_[*process.service] += growth(process.counted, std::max(cpu, process.latest));
}

void ServiceCpu::on_met(Pid pid, ServiceId service) {
    if (!cpu_of_) return;
    const auto known = processes_.find(pid);
    if (known != processes_.end() && (!known->second.service || known->second.service == service)) {
        known->second.service = service;
        return;
    }
    const std::optional<std::uint64_t> cpu = cpu_of_(pid);
    if (!cpu) return;
    if (known != processes_.end()) {
        fold(known->second, *cpu);
        known->second = {service, *cpu, *cpu};
    } else if (processes_.size() < limit_) {
        processes_[pid] = {service, *cpu, *cpu};
    }
}

void ServiceCpu::on_forked(const ProcessForked& forked) {
    if (!cpu_of_ || processes_.size() >= limit_) return;
    const auto parent = processes_.find(forked.parent);
    const std::optional<ServiceId> service = parent == processes_.end() ? std::nullopt : parent->second.service;
    const auto [process, is_new] = processes_.try_emplace(forked.pid, Process{service, 0, 0});
    if (is_new) return;
    fold(process->second, 0);  // nobody said that it ended
    process->second = {service, 0, 0};
}

void ServiceCpu::on_executed(Pid pid, bool watched) {
    const auto known = processes_.find(pid);
    if (known == processes_.end()) return;
    const std::uint64_t cpu = cpu_of_(pid).value_or(known->second.latest);
    fold(known->second, cpu);
    if (watched) {
        known->second = {std::nullopt, cpu, cpu};
    } else {
        processes_.erase(known);
    }
}

void ServiceCpu::on_exited(const ProcessExited& exited) {
    const auto known = processes_.find(exited.pid);
    if (known == processes_.end()) return;
    fold(known->second, exited.cpu_nanoseconds.value_or(0));
    processes_.erase(known);
}

std::unordered_map<ServiceId, std::uint64_t> ServiceCpu::sums() const {
    std::unordered_map<ServiceId, std::uint64_t> sums = ended_;
    for (const auto& [pid, process] : processes_) {
        if (!process.service) continue;
        process.latest = std::max(cpu_of_(pid).value_or(0), process.latest);
        sums[*process.service] += growth(process.counted, process.latest);
    }
    return sums;
}

}  // namespace footfall
