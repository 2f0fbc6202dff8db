#include "agent/probes/function_budget.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace footfall {
namespace {

constexpr std::uint64_t kCostInterval = 200'000'000;

struct CostInFile {
    WatchedFile* file;
    std::size_t function;
    double nanoseconds;
};

Result<std::vector<CostInFile>> costs_in(std::span<WatchedFile> files) {
    std::vector<CostInFile> all;
    for (WatchedFile& file : files) {
        if (!file.counts_functions()) continue;
        const auto costs = file.costs();
        if (!costs) return tl::unexpected<Error>(costs.error());
        for (const WatchedFile::Cost& cost : *costs) all.push_back({&file, cost.function, cost.nanoseconds});
    }
    return all;
}

// Until the others cost so much at most. The files that they are in.
std::set<WatchedFile*> mark_most_costly(std::vector<CostInFile> costs, double most) {
    double sum = 0;
    for (const CostInFile& cost : costs) sum += cost.nanoseconds;
    std::sort(costs.begin(), costs.end(),
              [](const CostInFile& a, const CostInFile& b) { return a.nanoseconds > b.nanoseconds; });
    std::set<WatchedFile*> marked;
    for (const CostInFile& cost : costs) {
        if (sum <= most) break;
        sum -= cost.nanoseconds;
        cost.file->mark_hot(cost.function);
        marked.insert(cost.file);
    }
    return marked;
}

}  // namespace

Result<void> FunctionBudget::advance(std::span<WatchedFile> files, MonotonicTime now) {
    if (!last_look_.seen()) last_look_ = now;
    const std::uint64_t passed = elapsed(last_look_, now);
    if (passed < kCostInterval) return {};
    last_look_ = now;
    auto costs = costs_in(files);
    if (!costs) return tl::unexpected<Error>(costs.error());
    for (WatchedFile* file : mark_most_costly(*std::move(costs), share_ * static_cast<double>(passed))) {
        if (auto taken = file->take_off_hot(); !taken) return taken;
    }
    return {};
}

}  // namespace footfall
