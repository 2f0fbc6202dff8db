#include "agent/processes/services.h"

namespace footfall {

ServiceId Services::intern(std::string_view name) {
    const auto known = by_name_.find(name);
    if (known != by_name_.end()) return known->second;
    if (all_.size() >= limit_ && name != kOther) return intern(kOther);

    const ServiceId service{static_cast<std::uint32_t>(all_.size())};
    all_.push_back({.name = std::string(name)});
    by_name_.emplace(all_.back().name, service);
    return service;
}

void Services::add_process(ServiceId service, std::string_view executable, std::string_view build_id) {
    ServiceInfo& info = all_[number(service)];
    ++info.processes;
    if (!info.executable.empty()) return;
    info.executable = executable;
    info.build_id = build_id;
}

}  // namespace footfall
