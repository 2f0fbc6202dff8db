// Owns the text of operations, and bounds how many of them there can be. Services have theirs in processes/services.h.
//
// Per service and role there are at most operation_limit operations; what comes after that is the operation `other`, whose
// uses are still counted exactly. Routes that the user configured are never folded. A route that a server has only ever
// refused (Origin::kRefused) may take a tenth of the places; further ones are METHOD {unmatched}, so a scanner can't use up
// the places of real routes.
//
// Ids are indexes, stable for the life of this. Not synchronized.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/pipeline/stages.h"

namespace footfall {

constexpr std::string_view kFoldedName = "other";
constexpr std::uint32_t kDefaultOperationLimit = 200;

// Within which an operation's name is unique.
struct OperationScope {
    ServiceId service{};
    Role role = Role::kServer;
    Kind kind{};
};

// What its name is made of; what it has not is empty.
struct OperationWords {
    std::string_view method;
    std::string_view route;
    std::string_view call;
};

struct OperationName {
    OperationScope scope;
    std::string method;       // as Exchange has it; both are empty for `other`
    std::string route;        // http: the route; else the exchange's target
    std::string text;         // "GET /orders/{id}", "SELECT orders", "POST /graphql query GetOrders"
    bool configured = false;  // the route is the user's
};

class Names {
public:
    static constexpr std::size_t kMaxOperations = 4096;  // of all services together

    enum class Origin : std::uint8_t { kConfigured, kSeen, kRefused };

    explicit Names(std::uint32_t operation_limit = kDefaultOperationLimit) : operation_limit_(operation_limit) {}

    [[nodiscard]] OperationId operation(const OperationScope& scope, const OperationWords& words, Origin origin);
    [[nodiscard]] const OperationName& name_of(OperationId id) const { return operations_.at(number(id)); }

    [[nodiscard]] std::uint32_t operation_limit() const { return operation_limit_; }
    [[nodiscard]] std::size_t operation_count() const { return operations_.size(); }

private:
    struct Taken {
        std::uint32_t places = 0;
        std::uint32_t refused = 0;
    };

    [[nodiscard]] bool take_place(const OperationScope& scope, Origin origin);
    OperationId find_or_add(const OperationScope& scope, const OperationWords& words, bool configured = false);

    std::uint32_t operation_limit_;
    std::deque<OperationName> operations_;
    std::unordered_map<std::string, OperationId> operation_ids_;
    std::vector<Taken> taken_;  // by service and role
};

}  // namespace footfall
