#include "output/table/features_text.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "output/table/inventory_text.h"
#include "output/table/usage_table_text.h"

namespace footfall {
namespace {

std::vector<InventoryLine> lines_of(const FeatureUses& uses) {
    std::vector<InventoryLine> lines;
    std::transform(uses.features.begin(), uses.features.end(), std::back_inserter(lines),
                   [](const FeatureUse& use) { return use.line; });
    return lines;
}

// The session with features in place of operations.
Snapshot by_feature(const Snapshot& snapshot, const FeatureUses& uses) {
    Snapshot out;
    *out.mutable_session() = snapshot.session();
    *out.mutable_accounting() = snapshot.accounting();
    *out.mutable_blind_spots() = snapshot.blind_spots();
    for (const Operation& row : uses.rows) {
        Operation& operation = *out.add_operations();
        operation = row;
        // Its kind is "feature", whatever its operations came over.
        for (OutcomeUse& outcome : *operation.mutable_outcomes()) outcome.set_tls(false);
    }
    return out;
}

}  // namespace

std::string features_text(const Snapshot& snapshot, const FeatureUses& uses, bool unused, const TerminalStyle& style) {
    const std::vector<InventoryLine> lines = lines_of(uses);
    const std::string states = states_text(lines, lines.size() == 1 ? "feature" : "features");
    if (unused) return states + without_use_text(lines, style);
    return usage_table_text(by_feature(snapshot, uses), style) + "\n" + states + without_use_text(lines, style);
}

}  // namespace footfall
