#include "output/session/merge_operations.h"

#include <algorithm>

#include "output/session/histogram_math.h"

namespace footfall {
namespace {

void add_outcome(Operation& into, const OutcomeUse& outcome) {
    auto& outcomes = *into.mutable_outcomes();
    const auto same = std::find_if(outcomes.begin(), outcomes.end(), [&](const OutcomeUse& known) {
        return known.outcome() == outcome.outcome() && known.error_type() == outcome.error_type() &&
               known.tls() == outcome.tls();
    });
    if (same == outcomes.end()) {
        *into.add_outcomes() = outcome;
        return;
    }
    same->set_uses(same->uses() + outcome.uses());
    merge(*same->mutable_latency(), outcome.latency());
}

void add_consumer(Operation& into, const Consumer& consumer) {
    auto& consumers = *into.mutable_consumers();
    const auto same = std::find_if(consumers.begin(), consumers.end(),
                                   [&](const Consumer& known) { return known.consumer() == consumer.consumer(); });
    if (same == consumers.end()) {
        *into.add_consumers() = consumer;
    } else {
        same->set_uses(same->uses() + consumer.uses());
    }
}

std::int64_t earliest(std::int64_t a, std::int64_t b) { return a == 0 ? b : b == 0 ? a : std::min(a, b); }

void add_cost(OperationCost& into, const OperationCost& from) {
    into.set_uses(into.uses() + from.uses());
    into.set_cpu_nanos(into.cpu_nanos() + from.cpu_nanos());
    into.set_off_cpu_nanos(into.off_cpu_nanos() + from.off_cpu_nanos());
    into.set_queued_nanos(into.queued_nanos() + from.queued_nanos());
}

void add_operation(Operation& into, const Operation& from) {
    for (const OutcomeUse& outcome : from.outcomes()) add_outcome(into, outcome);
    for (const Consumer& consumer : from.consumers()) add_consumer(into, consumer);
    std::stable_sort(into.mutable_consumers()->begin(), into.mutable_consumers()->end(),
                     [](const Consumer& a, const Consumer& b) { return a.uses() > b.uses(); });
    into.set_configured(into.configured() || from.configured());
    into.set_bytes_in(into.bytes_in() + from.bytes_in());
    into.set_bytes_out(into.bytes_out() + from.bytes_out());
    into.set_distinct_consumers(std::max(into.distinct_consumers(), from.distinct_consumers()));
    into.set_first_seen_unix_nanos(earliest(into.first_seen_unix_nanos(), from.first_seen_unix_nanos()));
    into.set_last_seen_unix_nanos(std::max(into.last_seen_unix_nanos(), from.last_seen_unix_nanos()));
    if (from.has_cost()) add_cost(*into.mutable_cost(), from.cost());
    if (from.has_time_to_first_byte()) merge(*into.mutable_time_to_first_byte(), from.time_to_first_byte());
}

}  // namespace

void MergedOperations::add(const Operation& operation) {
    const auto [known, first] =
        operations_.try_emplace({operation.service(), operation.kind(), operation.operation(), operation.role()}, operation);
    if (!first) add_operation(known->second, operation);
}

void MergedOperations::fill(Snapshot& out) const {
    for (const auto& [key, operation] : operations_) *out.add_operations() = operation;
}

}  // namespace footfall
