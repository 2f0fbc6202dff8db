// For which operations functions were called: CallsTold, once it is known which exchange the thread served.
//
// What a thread calls before its first message, or serving nothing, is of no operation and not kept here: of a function's
// calls, those that are missing here are such, or were lost. Thread: the one that owns the pipeline's state. Bounded: what
// finds no room is not kept.
#pragma once

#include <tsl/robin_map.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "agent/base/ids.h"
#include "agent/pipeline/stages.h"

namespace footfall {

class CallsByOperation {
public:
    // Never one of a stack's (StackCollector::SampleId), which begin with 0. As CostAttribution::kUncounted.
    using Id = std::uint64_t;
    static constexpr Id kFirst = std::uint64_t{1} << 63;
    [[nodiscard]] static bool has(Id id) { return id >= kFirst; }

    static constexpr std::size_t kMostOpen =
        262'144;  // calls that want an operation: of a function and a thread between waits

    explicit CallsByOperation(std::size_t most = 65536, std::size_t most_open = kMostOpen)
        : most_(most), most_open_(most_open) {}

    struct Taken {
        std::optional<Id> wants{};  // an operation; set_operation() follows, once
        bool had_room = true;
    };
    // What a thread has called since its last message and wait is one, however often it says so.
    Taken on(const CallsTold& told);
    void on_message(Tid tid) { latest_.erase(number(tid)); }
    void set_operation(Id id, std::optional<OperationId> operation);

    struct Calls {
        std::uint32_t function = 0;
        OperationId operation{};
        std::uint64_t calls = 0;
    };
    // Of the functions of a probe (FunctionProbe::number()).
    [[nodiscard]] std::vector<Calls> of_probe(std::uint32_t probe) const;

private:
    using Functions = std::map<CalledFunction, std::uint64_t>;
    struct Latest {
        Id id = 0;
        std::uint16_t sleeps = 0;
    };

    std::size_t most_;  // different sums
    std::size_t most_open_;
    Id next_ = kFirst;
    tsl::robin_map<Id, Functions> open_;
    std::size_t open_functions_ = 0;                  // in these
    tsl::robin_map<std::uint32_t, Latest> latest_{};  // by tid: what more calls are added to
    // By probe; in each by function (upper half) and operation.
    tsl::robin_map<std::uint32_t, tsl::robin_map<std::uint64_t, std::uint64_t>> sums_;
    std::size_t kept_ = 0;
};

}  // namespace footfall
