#include "agent/usage/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace footfall {
namespace {

constexpr std::string_view kUnmatched = "{unmatched}";
constexpr std::uint32_t kRefusedShare = 10;

// The words that there are, one behind the other.
std::string text_of(const OperationWords& words) {
    std::string text;
    for (const std::string_view word : {words.method, words.route, words.call}) {
        if (!text.empty() && !word.empty()) text += ' ';
        text += word;
    }
    return text.empty() ? std::string(kFoldedName) : text;
}

std::string key_of(const OperationScope& scope, const OperationWords& words) {
    return fmt::format("{}/{}/{}/{} {} {}", number(scope.service), static_cast<int>(scope.role),
                       static_cast<int>(scope.kind), words.method, words.route, words.call);
}

std::size_t slot_of(const OperationScope& scope) {
    return std::size_t{number(scope.service)} * 2 + static_cast<std::size_t>(scope.role);
}

}  // namespace

OperationId Names::operation(const OperationScope& scope, const OperationWords& words, Origin origin) {
    const auto known = operation_ids_.find(key_of(scope, words));
    if (known != operation_ids_.end()) return known->second;
    if (take_place(scope, origin)) return find_or_add(scope, words, origin == Origin::kConfigured);
    if (origin == Origin::kRefused) return find_or_add(scope, {words.method, kUnmatched, {}});
    return find_or_add(scope, {});
}

bool Names::take_place(const OperationScope& scope, Origin origin) {
    const std::size_t slot = slot_of(scope);
    if (slot >= taken_.size()) taken_.resize(slot + 1);
    Taken& taken = taken_[slot];
    const bool room = taken.places < operation_limit_ && operations_.size() < kMaxOperations;
    const std::uint32_t refused_limit = std::max(1U, operation_limit_ / kRefusedShare);
    switch (origin) {
        case Origin::kConfigured:
            break;
        case Origin::kSeen:
            if (!room) return false;
            break;
        case Origin::kRefused:
            if (!room || taken.refused >= refused_limit) return false;
            ++taken.refused;
            break;
    }
    ++taken.places;
    return true;
}

OperationId Names::find_or_add(const OperationScope& scope, const OperationWords& words, bool configured) {
    const OperationId next{static_cast<std::uint32_t>(operations_.size())};
    const auto [entry, added] = operation_ids_.try_emplace(key_of(scope, words), next);
    if (added)
        operations_.push_back({scope, std::string(words.method), std::string(words.route), text_of(words), configured});
    return entry->second;
}

}  // namespace footfall
