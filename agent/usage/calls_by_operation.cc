#include "agent/usage/calls_by_operation.h"

#include <utility>

namespace footfall {
namespace {

constexpr unsigned kFunctionShift = 32;

std::uint64_t key_of(std::uint32_t function, OperationId operation) {
    return std::uint64_t{function} << kFunctionShift | number(operation);
}

}  // namespace

CallsByOperation::Id CallsByOperation::on(const CallsTold& told) {
    const Id id = next_++;
    open_.emplace(id, told.called);
    return id;
}

void CallsByOperation::set_operation(Id id, std::optional<OperationId> operation) {
    const auto open = open_.find(id);
    if (open == open_.end()) return;
    const std::vector<CallsTold::Called> all = std::move(open.value());
    open_.erase(open);
    if (!operation) return;
    for (const CallsTold::Called& called : all) {
        auto& sums = sums_[called.function.probe];
        const std::uint64_t key = key_of(called.function.function, *operation);
        if (const auto known = sums.find(key); known != sums.end()) {
            known.value() += called.calls;
        } else if (kept_ < most_) {
            ++kept_;
            sums.emplace(key, called.calls);
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
