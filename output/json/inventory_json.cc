#include "output/json/inventory_json.h"

#include "output/json/watched_json.h"

namespace footfall {

nlohmann::ordered_json inventory_line_json(const InventoryLine& line) {
    nlohmann::ordered_json out = {{"line", line.text},
                                  {"state", name_of(line.state)},
                                  {"uses", line.uses},
                                  {"first_seen", time_json(line.first_seen_unix_nanos)},
                                  {"last_seen", time_json(line.last_seen_unix_nanos)},
                                  {"watched", watched_json(line.watched)}};
    if (!line.perhaps_in.empty()) out["perhaps_in"] = line.perhaps_in;
    if (line.first_table) out["first_table_only"] = true;
    if (!line.place.empty()) out["place"] = line.place;
    return out;
}

nlohmann::ordered_json inventory_json(const InventoryAnswer& answer) {
    nlohmann::ordered_json lines = nlohmann::ordered_json::array();
    for (const InventoryLine& line : answer.lines) lines.push_back(inventory_line_json(line));
    nlohmann::ordered_json unlisted = nlohmann::ordered_json::array();
    for (const UnlistedUse& use : answer.unlisted) unlisted.push_back({{"line", use.text}, {"uses", use.uses}});
    return {{"lines", std::move(lines)}, {"unlisted", std::move(unlisted)}, {"folded_uses", answer.folded_uses}};
}

}  // namespace footfall
