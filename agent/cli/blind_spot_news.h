// Tells, on stderr and once each, of what is met and can't be read while uses are printed as they happen.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "agent/base/clock.h"
#include "agent/pipeline/pipeline.h"

namespace footfall {

class BlindSpotNews {
public:
    // May be called often: it looks once a second. A connection may turn out to be readable when its TLS library has been
    // found, so what is new is told of when it is still there at the next look.
    void look(const Pipeline& pipeline, MonotonicTime now);
    // The session is over: tells of all that was not told of.
    void finish(const Pipeline& pipeline);

private:
    using Spot = std::pair<std::string, std::string>;  // service and reason

    std::set<Spot> seen_;
    std::set<Spot> told_;
    MonotonicTime last_look_;
};

}  // namespace footfall
