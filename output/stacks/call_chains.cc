#include "output/stacks/call_chains.h"

#include <algorithm>

#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

constexpr std::size_t kMostCallers = 6;

std::string file_of(const StackSample& sample, const Stacks& stacks, const StackReader& reader) {
    if (sample.locations().empty() || sample.locations(0) >= static_cast<std::uint32_t>(stacks.locations_size())) return {};
    return std::string(reader.module_path(stacks.locations(static_cast<int>(sample.locations(0)))));
}

// Without the function itself, which the innermost location is in. That of a USDT probe is its first caller.
std::vector<std::string> callers_of(const StackSample& sample, const StackReader& reader, bool is_usdt) {
    std::vector<std::string> callers;
    const std::vector<StackEntry> frames = reader.frames_of(sample);
    std::size_t first = is_usdt || sample.locations().empty() ? 0 : reader.frames_at(sample.locations(0)).size();
    for (; first < frames.size() && callers.size() < kMostCallers; ++first) {
        const std::string_view name = frames[first].frame->name;
        if (callers.empty() || callers.back() != name) callers.emplace_back(name);
    }
    return callers;
}

}  // namespace

CallChains::CallChains(const Snapshot& snapshot) {
    const Stacks& stacks = snapshot.call_stacks();
    const StackReader reader(stacks);
    for (const StackSample& sample : stacks.samples()) {
        const std::string_view name = reader.text(sample.called());
        if (name.empty() || sample.samples() == 0) continue;
        Chains& chains = functions_[{file_of(sample, stacks, reader), std::string(name)}];
        chains.calls += sample.samples();
        chains.by_callers[callers_of(sample, reader, name.starts_with("usdt:"))] += sample.samples();
    }
}

std::vector<CallChain> CallChains::of(const FunctionFile& file, const FunctionUse& function, std::size_t most) const {
    const auto found = functions_.find({file.path(), function.name()});
    if (found == functions_.end()) return {};
    std::vector<CallChain> chains;
    for (const auto& [callers, calls] : found->second.by_callers) chains.push_back({callers, calls, found->second.calls});
    std::stable_sort(chains.begin(), chains.end(), [](const CallChain& a, const CallChain& b) { return a.calls > b.calls; });
    if (chains.size() > most) chains.resize(most);
    return chains;
}

}  // namespace footfall
