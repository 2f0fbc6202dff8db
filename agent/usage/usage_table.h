// Counts uses: one row for each operation, and within it one for each outcome with its latencies.
//
// Memory is bounded by the names (names.h): a row is at most some 5 KiB plus up to 1.3 KiB for each of its outcomes, which
// are at most kMaxOutcomes and four `other` (ok or error, over TLS or not). One thread owns it; snapshots are copies.
// Recording allocates nothing for an operation, outcome and latency range seen before.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/base/clock.h"
#include "agent/pipeline/stages.h"
#include "agent/processes/services.h"
#include "agent/usage/consumer.h"
#include "agent/usage/distinct_counter.h"
#include "agent/usage/exponential_histogram.h"
#include "agent/usage/names.h"
#include "agent/usage/top_consumers.h"

namespace footfall {

class Snapshot;  // messages of output/session/snapshot.proto
class Operation;

// What a use's outcome is called: its status ("200"), else its error ("42P01", "closed"), else "ok" or "unknown".
[[nodiscard]] std::string outcome_text(Outcome outcome, std::uint16_t status, std::string_view error_type);

// What uses cost their service, in nanoseconds.
struct UsesCost {
    std::uint64_t uses = 0;  // that these are the costs of
    std::uint64_t cpu = 0;
    std::uint64_t off_cpu = 0;  // they were open, and nothing ran for them
    std::uint64_t queued = 0;   // of off_cpu: it could have run, and had no CPU
};

class UsageTable {
public:
    static constexpr std::size_t kMaxOutcomes = 16;

    // The references outlive the table.
    UsageTable(const Names& names, const Services& services, const ConsumerNamer& consumers)
        : names_(names), services_(services), consumers_(consumers) {}

    void record(const Use& use);
    // Of an operation that has been used.
    void add_cost(OperationId operation, const UsesCost& cost);

    [[nodiscard]] std::uint64_t uses() const { return uses_; }

    // Replaces the operations of a snapshot: most used first, equal ones by service, role and name. Outcomes are in the
    // order of their text; an outcome and error_type come once, or twice where some of their uses came over TLS.
    void fill(Snapshot& snapshot, const ClockOffset& clock) const;

private:
    struct OutcomeRow {
        Outcome outcome = Outcome::kUnknown;
        std::uint16_t status = 0;
        std::string error_type;
        bool tls = false;
        bool folded = false;  // stands for outcomes past the limit
        std::uint64_t uses = 0;
        ExponentialHistogram latency;
    };

    struct Row {
        MonotonicTime first_seen;
        MonotonicTime last_seen;
        std::uint64_t bytes_in = 0;
        std::uint64_t bytes_out = 0;
        UsesCost cost;
        std::vector<OutcomeRow> outcomes;
        ExponentialHistogram time_to_first_byte;
        TopConsumers consumers;
        DistinctCounter distinct_consumers;
    };

    [[nodiscard]] Row& row_of(const Use& use);
    [[nodiscard]] static OutcomeRow& outcome_of(Row& row, const Use& use);
    void fill_operation(Operation& out, OperationId id, const Row& row, const ClockOffset& clock) const;
    void fill_consumers(Operation& out, const Row& row) const;

    const Names& names_;
    const Services& services_;
    const ConsumerNamer& consumers_;
    std::vector<std::unique_ptr<Row>> rows_;  // by operation
    std::uint64_t uses_ = 0;
};

}  // namespace footfall
