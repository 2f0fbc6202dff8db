#include "agent/usage/calls_by_operation.h"

#include <utility>

namespace footfall {
namespace {

constexpr unsigned kFunctionShift = 32;

std::uint64_t key_of(std::uint32_t function, OperationId operation) {
    return std::uint64_t{function} << kFunctionShift | number(operation);
}

}  // namespace

CallsByOperation::Taken CallsByOperation::on(const CallsTold& told) {
    if (open_functions_ + told.called.size() > most_open_) return {.had_room = false};
    const auto latest = latest_.find(number(told.tid));
    const bool goes_on =
        latest != latest_.end() && latest->second.sleeps == told.sleeps && open_.contains(latest->second.id);
    const Id id = goes_on ? latest->second.id : next_++;
    constexpr std::size_t kMostThreads = 65'536;
    if (!goes_on && latest_.size() >= kMostThreads) latest_.clear();  // they begin anew
    if (!goes_on) latest_.insert_or_assign(number(told.tid), Latest{id, told.sleeps});
    Functions& functions = open_[id];
    open_functions_ -= functions.size();
    for (const CallsTold::Called& called : told.called) functions[called.function] += called.calls;
    open_functions_ += functions.size();
    return {.wants = goes_on ? std::nullopt : std::optional(id)};
}

void CallsByOperation::set_operation(Id id, std::optional<OperationId> operation) {
    const auto open = open_.find(id);
    if (open == open_.end()) return;
    const Functions functions = std::move(open.value());
    open_functions_ -= functions.size();
    open_.erase(open);
    if (!operation) return;
    for (const auto& [called, calls] : functions) {
        auto& sums = sums_[called.probe];
        const std::uint64_t key = key_of(called.function, *operation);
        if (const auto known = sums.find(key); known != sums.end()) {
            known.value() += calls;
        } else if (kept_ < most_) {
            ++kept_;
            sums.emplace(key, calls);
        }
    }
}

std::vector<CallsByOperation::Calls> CallsByOperation::of_probe(std::uint32_t probe) const {
    std::vector<Calls> all;
    const auto sums = sums_.find(probe);
    if (sums == sums_.end()) return all;
    for (const auto& [key, calls] : sums->second) {
        all.push_back(
            {static_cast<std::uint32_t>(key >> kFunctionShift), OperationId{static_cast<std::uint32_t>(key)}, calls});
    }
    return all;
}

}  // namespace footfall
