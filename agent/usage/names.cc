#include "agent/usage/names.h"

#include <fmt/format.h>

#include <algorithm>

namespace footfall {
namespace {

constexpr std::string_view kUnmatched = "{unmatched}";
constexpr std::uint32_t kRefusedShare = 10;

std::string text_of(std::string_view method, std::string_view route) {
    if (method.empty() && route.empty()) return std::string(kFoldedName);
    if (method.empty() || route.empty()) return std::string(method.empty() ? route : method);
    return fmt::format("{} {}", method, route);
}

std::string key_of(const OperationScope& scope, std::string_view method, std::string_view route) {
    return fmt::format("{}/{}/{}/{} {}", number(scope.service), static_cast<int>(scope.role), static_cast<int>(scope.kind),
                       method, route);
}

std::size_t slot_of(const OperationScope& scope) {
    return std::size_t{number(scope.service)} * 2 + static_cast<std::size_t>(scope.role);
}

}  // namespace

OperationId Names::operation(const OperationScope& scope, std::string_view method, std::string_view route, Origin origin) {
    const auto known = operation_ids_.find(key_of(scope, method, route));
    if (known != operation_ids_.end()) return known->second;
    if (take_place(scope, origin)) return find_or_add(scope, method, route);
    if (origin == Origin::kRefused) return find_or_add(scope, method, kUnmatched);
    return find_or_add(scope, {}, {});
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

OperationId Names::find_or_add(const OperationScope& scope, std::string_view method, std::string_view route) {
    const OperationId next{static_cast<std::uint32_t>(operations_.size())};
    const auto [entry, added] = operation_ids_.try_emplace(key_of(scope, method, route), next);
    if (added) {
        operations_.push_back({scope, std::string(method), std::string(route), text_of(method, route)});
    }
    return entry->second;
}

}  // namespace footfall
