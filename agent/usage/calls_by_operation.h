// For which operations functions were called: CallsTold, once it is known which exchange the thread served.
//
// What a thread calls before its first message, or serving nothing, is of no operation and not kept here: of a function's
// calls, those that are missing here are such, or were lost. Thread: the one that owns the pipeline's state. Bounded: what
// finds no room is not kept.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"

namespace footfall {

class CallsByOperation {
public:
    // Never one of a stack's (StackCollector::SampleId), which begin with 0.
    using Id = std::uint64_t;
    [[nodiscard]] static bool has(Id id) { return id >= kFirst; }

    explicit CallsByOperation(std::size_t most = 65536) : most_(most) {}

    // The calls that want an operation; set_operation() follows, once.
    Id on(const CallsTold& told);
    void set_operation(Id id, std::optional<OperationId> operation);

    struct Calls {
        std::uint32_t function = 0;
        OperationId operation{};
        std::uint64_t calls = 0;
    };
    // Of the functions of a probe (FunctionProbe::number()).
    [[nodiscard]] std::vector<Calls> of_probe(std::uint32_t probe) const;

private:
    static constexpr Id kFirst = std::uint64_t{1} << 63;

    std::size_t most_;  // different sums
    Id next_ = kFirst;
    tsl::robin_map<Id, std::vector<CallsTold::Called>> open_;  // bounded by who says when it is over (CostAttribution)
    // By probe; in each by function (upper half) and operation.
    tsl::robin_map<std::uint32_t, tsl::robin_map<std::uint64_t, std::uint64_t>> sums_;
    std::size_t kept_ = 0;
};

}  // namespace footfall
