// What footfall met and could not read, by service and reason, with words for people.
// Thread: the one that owns the pipeline's state.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"
#include "agent/processes/services.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

struct BlindText {
    std::string_view reason;  // "TLS"
    std::string_view hint;    // why it can't be seen, and what helps
};

BlindText text_of(BlindReason reason);

class BlindSpots {
public:
    // One more connection of the service; the probe reports each connection and reason once.
    void add(ServiceId service, BlindReason reason) { ++connections_[{service, reason}]; }

    // That one is read after all.
    void take_back(ServiceId service, BlindReason reason);

    // Appends them, by service and reason.
    void fill(const Services& services, Snapshot& snapshot) const;

private:
    std::map<std::pair<ServiceId, BlindReason>, std::uint64_t> connections_;
};

}  // namespace footfall
