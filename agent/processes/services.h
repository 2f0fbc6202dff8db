// The services of a session: a number for each name, stable until the session ends, and what is known of each.
//
// Bounded: after kMaxServices names, all further ones are the service "other". Thread: the one that owns the pipeline's
// state. References to names stay valid.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "agent/base/ids.h"

namespace footfall {

struct ServiceInfo {
    std::string name;
    std::string executable{};  // of the first of its processes that was met with one, and the build-id of that
    std::string build_id{};
    std::uint32_t processes = 0;  // that were met
};

class Services {
public:
    static constexpr std::size_t kMaxServices = 16384;
    static constexpr std::string_view kOther = "other";

    explicit Services(std::size_t limit = kMaxServices) : limit_(limit) {}

    ServiceId intern(std::string_view name);

    // One more process of the service was met.
    void add_process(ServiceId service, std::string_view executable, std::string_view build_id);

    [[nodiscard]] const std::string& name(ServiceId service) const { return info(service).name; }
    [[nodiscard]] const ServiceInfo& info(ServiceId service) const { return all_[number(service)]; }

    // By number.
    [[nodiscard]] const std::deque<ServiceInfo>& all() const { return all_; }

private:
    std::size_t limit_;
    std::deque<ServiceInfo> all_;  // never moves what it holds: by_name_ points into it
    std::unordered_map<std::string_view, ServiceId> by_name_;
};

}  // namespace footfall
