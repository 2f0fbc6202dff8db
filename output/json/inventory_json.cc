#include "output/json/inventory_json.h"

#include <string_view>

#include "output/json/watched_json.h"

namespace footfall {
namespace {

std::string_view name_of(InventoryState state) {
    switch (state) {
        case InventoryState::kUsed:
            return "used";
        case InventoryState::kUnused:
            return "unused";
        case InventoryState::kNotWatched:
            return "not_watched";
    }
    return {};
}

}  // namespace

nlohmann::ordered_json inventory_json(const InventoryAnswer& answer) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const InventoryLine& line : answer.lines) {
        lines.push_back({{"line", line.text},
                         {"state", name_of(line.state)},
                         {"uses", line.uses},
                         {"first_seen", time_json(line.first_seen_unix_nanos)},
                         {"last_seen", time_json(line.last_seen_unix_nanos)},
                         {"watched", watched_json(line.watched)}});
    }
    nlohmann::ordered_json unlisted = nlohmann::ordered_json::array();
    for (const UnlistedUse& use : answer.unlisted) unlisted.push_back({{"line", use.text}, {"uses", use.uses}});
    return {{"lines", std::move(lines)}, {"unlisted", std::move(unlisted)}, {"folded_uses", answer.folded_uses}};
}

}  // namespace footfall
