#include "agent/usage/usage_table.h"

#include <algorithm>
#include <tuple>

#include "agent/pipeline/kind.h"
#include "output/session/snapshot.pb.h"

namespace footfall {
namespace {

// error.type of OpenTelemetry for what has no better one.
constexpr std::string_view kFoldedErrorType = "_OTHER";
constexpr const char* kUnknownConsumer = "unknown";
constexpr const char* kOtherConsumers = "other";

OperationRole proto_role(Role role) {
    switch (role) {
        case Role::kServer:
            return ROLE_SERVER;
        case Role::kClient:
            return ROLE_CLIENT;
    }
    return ROLE_UNSPECIFIED;
}

std::uint64_t uses_of(const Operation& operation) {
    std::uint64_t uses = 0;
    for (const OutcomeUse& outcome : operation.outcomes()) uses += outcome.uses();
    return uses;
}

bool comes_before(const Operation& a, const Operation& b) {
    const std::uint64_t a_uses = uses_of(a);
    const std::uint64_t b_uses = uses_of(b);
    if (a_uses != b_uses) return a_uses > b_uses;
    return std::forward_as_tuple(a.service(), a.role(), a.kind(), a.operation()) <
           std::forward_as_tuple(b.service(), b.role(), b.kind(), b.operation());
}

// A command that wants no answer, or the second statement of one message, ends with the event that it begins with: it took
// an unknown time, not none.
bool is_timed(const Use& use) { return use.end != use.begin; }

void add_consumer(Operation& out, std::string text, std::uint64_t uses) {
    if (uses == 0) return;
    Consumer& consumer = *out.add_consumers();
    consumer.set_consumer(std::move(text));
    consumer.set_uses(uses);
}

}  // namespace

std::string outcome_text(Outcome outcome, std::uint16_t status, std::string_view error_type) {
    if (status != 0) return std::to_string(status);
    if (!error_type.empty()) return std::string(error_type);
    return outcome == Outcome::kOk ? "ok" : "unknown";
}

void UsageTable::record(const Use& use) {
    uses_ += use.count;
    Row& row = row_of(use);
    row.first_seen = std::min(row.first_seen, use.begin);
    row.last_seen = std::max(row.last_seen, use.end);
    row.bytes_in += use.bytes_in * use.count;
    row.bytes_out += use.bytes_out * use.count;
    if (use.first_byte.seen()) row.time_to_first_byte.record(elapsed(use.begin, use.first_byte), use.count);
    OutcomeRow& outcome = outcome_of(row, use);
    outcome.uses += use.count;
    if (is_timed(use)) outcome.latency.record(elapsed(use.begin, use.end), use.count);
    // Whoever is tracked was counted as distinct when that began.
    if (!row.consumers.add(use.consumer, use.count)) row.distinct_consumers.add(use.consumer);
}

void UsageTable::add_cost(OperationId operation, const UsesCost& cost) {
    UsesCost& sum = rows_.at(number(operation))->cost;
    sum.uses += cost.uses;
    sum.cpu += cost.cpu;
    sum.off_cpu += cost.off_cpu;
    sum.queued += cost.queued;
}

UsageTable::Row& UsageTable::row_of(const Use& use) {
    const std::size_t index = number(use.operation);
    if (index >= rows_.size()) rows_.resize(index + 1);
    auto& row = rows_[index];
    if (!row) {
        row = std::make_unique<Row>();
        row->first_seen = use.begin;
    }
    return *row;
}

UsageTable::OutcomeRow& UsageTable::outcome_of(Row& row, const Use& use) {
    for (OutcomeRow& outcome : row.outcomes) {
        if (!outcome.folded && outcome.status == use.status && outcome.outcome == use.outcome && outcome.tls == use.tls &&
            outcome.error_type == use.error_type) {
            return outcome;
        }
    }
    const auto folded = std::count_if(row.outcomes.begin(), row.outcomes.end(), [](const auto& o) { return o.folded; });
    if (row.outcomes.size() - static_cast<std::size_t>(folded) < kMaxOutcomes) {
        row.outcomes.push_back({use.outcome, use.status, std::string(use.error_type), use.tls, false, 0, {}});
        return row.outcomes.back();
    }
    const std::string_view error_type = use.error_type.empty() ? std::string_view{} : kFoldedErrorType;
    for (OutcomeRow& outcome : row.outcomes) {
        if (outcome.folded && outcome.error_type == error_type && outcome.tls == use.tls) return outcome;
    }
    row.outcomes.push_back({use.outcome, 0, std::string(error_type), use.tls, true, 0, {}});
    return row.outcomes.back();
}

void UsageTable::fill(Snapshot& snapshot, const ClockOffset& clock) const {
    auto& operations = *snapshot.mutable_operations();
    operations.Clear();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i]) fill_operation(*operations.Add(), OperationId{static_cast<std::uint32_t>(i)}, *rows_[i], clock);
    }
    std::sort(operations.pointer_begin(), operations.pointer_end(),
              [](const Operation* a, const Operation* b) { return comes_before(*a, *b); });
}

void UsageTable::fill_operation(Operation& out, OperationId id, const Row& row, const ClockOffset& clock) const {
    const OperationName& name = names_.name_of(id);
    out.set_service(services_.name(name.scope.service));
    out.set_role(proto_role(name.scope.role));
    out.set_kind(std::string(footfall::name(name.scope.kind)));
    out.set_operation(name.text);
    out.set_method(name.method);
    out.set_route(name.route);
    out.set_configured(name.configured);
    out.set_bytes_in(row.bytes_in);
    out.set_bytes_out(row.bytes_out);
    out.set_first_seen_unix_nanos(clock.wall(row.first_seen).nanoseconds);
    out.set_last_seen_unix_nanos(clock.wall(row.last_seen).nanoseconds);
    row.time_to_first_byte.to_proto(*out.mutable_time_to_first_byte());
    if (row.cost.uses != 0) {
        out.mutable_cost()->set_uses(row.cost.uses);
        out.mutable_cost()->set_cpu_nanos(row.cost.cpu);
        out.mutable_cost()->set_off_cpu_nanos(row.cost.off_cpu);
        out.mutable_cost()->set_queued_nanos(row.cost.queued);
    }
    for (const OutcomeRow& outcome : row.outcomes) {
        OutcomeUse& use = *out.add_outcomes();
        use.set_outcome(outcome.folded ? std::string(kFoldedName)
                                       : outcome_text(outcome.outcome, outcome.status, outcome.error_type));
        use.set_error_type(outcome.error_type);
        use.set_uses(outcome.uses);
        use.set_tls(outcome.tls);
        outcome.latency.to_proto(*use.mutable_latency());
    }
    std::sort(out.mutable_outcomes()->pointer_begin(), out.mutable_outcomes()->pointer_end(),
              [](const OutcomeUse* a, const OutcomeUse* b) {
                  return std::tuple(std::string_view(a->outcome()), std::string_view(a->error_type()), a->tls()) <
                         std::tuple(std::string_view(b->outcome()), std::string_view(b->error_type()), b->tls());
              });
    fill_consumers(out, row);
}

void UsageTable::fill_consumers(Operation& out, const Row& row) const {
    const TopConsumers& top = row.consumers;
    if (top.unknown() == top.total()) return;
    for (const TopConsumers::Row& consumer : top.rows())
        add_consumer(out, consumers_.text(consumer.consumer), consumer.uses);
    add_consumer(out, kUnknownConsumer, top.unknown());
    add_consumer(out, kOtherConsumers, top.other());
    out.set_distinct_consumers(row.distinct_consumers.count());
}

}  // namespace footfall
