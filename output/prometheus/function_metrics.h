// The functions that are counted, as metric families.
//
//   footfall_function_calls_total{file,build_id,function}        functions that were called; of hot ones, and where only
//                                                                coverage is taken, the number is not known
//   footfall_function_duration_seconds{file,build_id,function}   of those whose calls are timed
//   footfall_functions{file,build_id,state}                      how many are `used`, `unused`, `hot` (used, and their
//   probes
//                                                                taken off for what they cost) and `not_counted`
//
// USDT probes are there by their names, "usdt:PROVIDER:NAME". The number of functions is limited: the first ones that are
// seen to be called have series of their own for as long as the agent runs, the calls of all others are those of the
// function `other`, by file. So each counter only grows, and their sum is exact. Not thread-safe.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "io/prometheus/client/metrics.pb.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

class FunctionMetrics {
public:
    // most: functions with series of their own, of all files together.
    explicit FunctionMetrics(std::size_t most) : most_(most) {}

    void add(const Snapshot& snapshot, std::vector<io::prometheus::client::MetricFamily>& families);

private:
    [[nodiscard]] bool has_series(const FunctionFile& file, const FunctionUse& function);

    std::size_t most_;
    std::set<std::tuple<std::string, std::string, std::string>> known_;  // file, build-id, function
};

}  // namespace footfall
