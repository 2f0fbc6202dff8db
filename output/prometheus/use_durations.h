// How long uses took, by what they were: one pair of families (server, client) for each convention of OpenTelemetry.
//
//   http       http_{server,client}_request_duration_seconds     http.{server,client}.request.duration
//   grpc       rpc_{server,client}_call_duration_seconds         rpc.{server,client}.call.duration
//   databases  db_{client,server}_operation_duration_seconds     db.client.operation.duration; the server's is its mirror
//   commands   footfall_command_duration_seconds                 none yet
#pragma once

#include <vector>

#include "io/prometheus/client/metrics.pb.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

void add_use_durations(const Snapshot& snapshot, std::vector<io::prometheus::client::MetricFamily>& families);

}  // namespace footfall
