#include "output/session/wait_reasons.h"

#include <algorithm>

namespace footfall {
namespace {

std::string text(const Stacks& stacks, std::uint32_t index) {
    return index < static_cast<std::uint32_t>(stacks.strings_size()) ? stacks.strings(static_cast<int>(index))
                                                                     : std::string();
}

}  // namespace

OperationWaits::OperationWaits(const Snapshot& snapshot) {
    const Stacks& stacks = snapshot.stacks();
    for (const StackSample& sample : stacks.samples()) {
        if (sample.state() != STACK_BLOCKED || sample.operation() == 0) continue;
        sampled_[{text(stacks, sample.service()), text(stacks, sample.operation())}][text(stacks, sample.wait())] +=
            sample.nanos();
    }
}

WaitReasons OperationWaits::of(const Operation& operation) const {
    WaitReasons reasons;
    const auto sampled = sampled_.find({operation.service(), operation.kind() + " " + operation.operation()});
    if (sampled != sampled_.end()) reasons = sampled->second;
    reasons["run_queue"] = operation.cost().queued_nanos();
    std::uint64_t known = 0;
    for (const auto& [reason, nanos] : reasons) known += reason == "other" ? 0 : nanos;
    const std::uint64_t all = operation.cost().off_cpu_nanos();
    reasons["other"] = all - std::min(all, known);
    return reasons;
}

}  // namespace footfall
