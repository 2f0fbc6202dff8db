// What Prometheus reads: a snapshot and the state of the agent as metric families, in the data model of Prometheus itself.
// The encoders beside this file turn them into bytes.
//
// Names and buckets are those of the OpenTelemetry conventions where one exists, footfall_* for the rest. A label whose
// value is not known is left out. Within a family, no two metrics have the same labels. Names are complete as the text
// format prints them (counters end in _total).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/prometheus/client/metrics.pb.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

using MetricFamily = io::prometheus::client::MetricFamily;

// What the agent knows of itself at the moment of a scrape. Plain values; 0 in a process_* field means not known, and the
// metric is left out.
struct AgentStatus {
    std::string version;
    std::string kernel;
    std::uint64_t ring_bytes = 0;
    std::vector<std::string> drop_reasons;  // all there are, so that each is a series before it happens
    std::vector<std::string> lost_reasons;

    double cpu_seconds = 0;
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_fds = 0;
    std::uint64_t max_fds = 0;
    double start_time_unix_seconds = 0;
};

[[nodiscard]] std::vector<MetricFamily> metric_families(const Snapshot& snapshot, const AgentStatus& status);

}  // namespace footfall
