#include "output/session/unattributed_cpu.h"

#include <algorithm>
#include <map>

namespace footfall {

std::vector<UnattributedCpu> unattributed_cpu(const Snapshot& snapshot) {
    std::map<std::string_view, std::uint64_t> attributed;
    for (const Operation& operation : snapshot.operations()) {
        if (operation.has_cost()) attributed[operation.service()] += operation.cost().cpu_nanos();
    }
    std::vector<UnattributedCpu> rest;
    for (const Service& service : snapshot.services()) {
        if (!service.has_cpu_nanos() || !attributed.contains(service.name())) continue;
        // Of one that was watched in several builds there are several.
        const auto same =
            std::find_if(rest.begin(), rest.end(), [&](const auto& row) { return row.service == service.name(); });
        if (same == rest.end()) {
            rest.push_back({service.name(), service.cpu_nanos()});
        } else {
            same->nanoseconds += service.cpu_nanos();
        }
    }
    for (UnattributedCpu& row : rest) row.nanoseconds -= std::min(row.nanoseconds, attributed[row.service]);
    return rest;
}

}  // namespace footfall
