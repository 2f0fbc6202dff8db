// An exponential histogram as the native histogram of Prometheus: the same buckets, numbered one higher (there, bucket i
// ends at base^i), in spans of used buckets with the differences between neighbours.
#pragma once

#include "io/prometheus/client/metrics.pb.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

// More buckets than this cost more than they show: the scale is lowered until it is enough.
constexpr int kMaxNativeBuckets = 160;

// Sets the native fields of `out` and leaves the others alone. Prometheus knows scales from -4 to 8: a finer one is lowered,
// and a coarser one, whose buckets are 2^32 wide, has no native form, so nothing is set.
void set_native(io::prometheus::client::Histogram& out, const Histogram& histogram);

}  // namespace footfall
