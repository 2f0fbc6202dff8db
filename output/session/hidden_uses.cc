#include "output/session/hidden_uses.h"

#include <algorithm>
#include <array>

#include "output/session/operation_totals.h"

namespace footfall {
namespace {

constexpr std::array<std::string_view, 3> kSqlKinds{"postgresql", "mysql", "cassandra"};
constexpr std::string_view kUnknown = "{unknown}";
constexpr std::string_view kUnseenPreparation = "EXECUTE _OTHER";  // as MySQL's is called

bool hides_names(const Operation& operation) {
    const std::string& name = operation.operation();
    return name == kFoldedOperation || name.find(kUnknown) != std::string::npos ||
           (is_sql(operation.kind()) && name == kUnseenPreparation);
}

}  // namespace

bool is_sql(std::string_view kind) { return std::find(kSqlKinds.begin(), kSqlKinds.end(), kind) != kSqlKinds.end(); }

HiddenUses::HiddenUses(const Snapshot& snapshot) {
    for (const Operation& operation : snapshot.operations()) {
        if (!hides_names(operation)) continue;
        const std::uint64_t uses = totals_of(operation).uses;
        if (operation.operation() == kFoldedOperation) folded_ += uses;
        if (uses > 0) by_kind_.try_emplace(operation.kind(), operation.kind() + " " + operation.operation());
    }
}

std::string_view HiddenUses::of_kind(std::string_view kind) const {
    if (kind.empty()) return by_kind_.empty() ? std::string_view{} : by_kind_.begin()->second;
    const auto found = by_kind_.find(kind);
    return found == by_kind_.end() ? std::string_view{} : found->second;
}

std::string_view HiddenUses::of_sql() const {
    for (const std::string_view kind : kSqlKinds) {
        if (const std::string_view hidden = of_kind(kind); !hidden.empty()) return hidden;
    }
    return {};
}

}  // namespace footfall
