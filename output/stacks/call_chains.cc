#include "output/stacks/call_chains.h"

#include <algorithm>

#include "output/session/function_index.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

constexpr std::size_t kMostCallers = 6;

const FunctionUse* function_of(const StackSample& sample, const StackReader& reader, const FunctionIndex& functions) {
    const Stacks& stacks = reader.stacks();
    if (sample.locations().empty() || sample.locations(0) >= static_cast<std::uint32_t>(stacks.locations_size()))
        return nullptr;
    const Location& location = stacks.locations(static_cast<int>(sample.locations(0)));
    return functions.find(reader.build_id(location), reader.module_path(location), reader.text(sample.called()),
                          location.address());
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
    const std::string_view stop = reader.text(sample.stop());
    if (first == frames.size() && !is_complete(stop)) callers.push_back("[" + std::string(stop) + "]");
    return callers;
}

}  // namespace

CallChains::CallChains(const Snapshot& snapshot) {
    const StackReader reader(snapshot.call_stacks());
    const FunctionIndex functions(snapshot);
    for (const StackSample& sample : snapshot.call_stacks().samples()) {
        const FunctionUse* function = sample.samples() == 0 ? nullptr : function_of(sample, reader, functions);
        if (function == nullptr) continue;
        Chains& chains = functions_[function];
        chains.calls += sample.samples();
        chains.by_callers[callers_of(sample, reader, function->kind() == "usdt")] += sample.samples();
    }
}

std::vector<CallChain> CallChains::of(const FunctionUse& function, std::size_t most) const {
    const auto found = functions_.find(&function);
    if (found == functions_.end()) return {};
    std::vector<CallChain> chains;
    for (const auto& [callers, calls] : found->second.by_callers) chains.push_back({callers, calls, found->second.calls});
    std::stable_sort(chains.begin(), chains.end(), [](const CallChain& a, const CallChain& b) { return a.calls > b.calls; });
    if (chains.size() > most) chains.resize(most);
    return chains;
}

}  // namespace footfall
