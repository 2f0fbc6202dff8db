#include "output/session/inventory_matches.h"

#include <algorithm>

#include "output/session/hidden_uses.h"
#include "output/session/route_fit.h"

namespace footfall {
namespace {

using Match = RouteFit::Match;
using Means = InventoryItem::Means;

std::string_view last_part(std::string_view table) { return table.substr(table.rfind('.') + 1); }

// "orders" is "shop.orders" too, as far as a statement tells.
bool may_be_same_table(std::string_view a, std::string_view b) {
    if (a.size() < b.size()) std::swap(a, b);
    return a.ends_with(b) && (a.size() == b.size() || a[a.size() - b.size() - 1] == '.');
}

void sort_once(std::vector<std::size_t>& items) {
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
}

// The best so far, of those that surely fit.
class Best {
public:
    void offer(std::size_t item, const std::string& rank) {
        if (rank < rank_) return;
        if (rank > rank_) items_.clear();
        rank_ = rank;
        items_.push_back(item);
    }
    [[nodiscard]] std::vector<std::size_t> take() { return std::move(items_); }

private:
    std::string rank_;
    std::vector<std::size_t> items_;
};

}  // namespace

InventoryMatches::InventoryMatches(const Inventory& inventory) : inventory_(inventory) {
    for (std::size_t i = 0; i < inventory.items.size(); ++i) {
        const InventoryItem& item = inventory.items[i];
        for (std::size_t n = 0; n < item.names.size(); ++n) {
            const std::string_view name = item.names[n];
            // The last of several is the path without any prefix.
            const bool outside = n == 0 || n + 1 < item.names.size();
            if (item.means == Means::kTable) tables_[last_part(name)].push_back(i);
            if (item.means != Means::kRoute) continue;
            if (has_rest(name)) {
                with_rest_[item.method].push_back({i, name, outside});
            } else {
                routes_[{item.method, count_segments(name)}].push_back({i, name, outside});
            }
        }
    }
}

ItemMatches InventoryMatches::of(const Operation& operation) const {
    if (operation.kind() == "http" && operation.route().starts_with('/')) return by_route(operation);
    if (is_sql(operation.kind()) && !operation.route().empty()) return by_table(operation.route());
    return {};
}

std::vector<const InventoryMatches::Template*> InventoryMatches::templates_for(std::string_view method,
                                                                               std::string_view route) const {
    std::vector<const Template*> found;
    const auto add = [&](const std::vector<Template>& templates) {
        for (const Template& one : templates) found.push_back(&one);
    };
    if (has_rest(route)) {
        for (const auto& [shape, templates] : routes_) {
            if (shape.first == method) add(templates);
        }
    } else if (const auto same = routes_.find({method, count_segments(route)}); same != routes_.end()) {
        add(same->second);
    }
    if (const auto same = with_rest_.find(method); same != with_rest_.end()) add(same->second);
    return found;
}

ItemMatches InventoryMatches::by_route(const Operation& operation) const {
    Best best;
    ItemMatches matches;
    for (const Template* one : templates_for(operation.method(), operation.route())) {
        const RouteFit fit = fit_route(one->route, operation.route(), operation.configured());
        if (fit.match == Match::kYes) best.offer(one->item, (one->outside ? "1" : "0") + fit.closeness);
        if (fit.match == Match::kPerhaps) matches.perhaps.push_back(one->item);
    }
    matches.sure = best.take();
    sort_once(matches.sure);
    sort_once(matches.perhaps);
    return matches;
}

ItemMatches InventoryMatches::by_table(std::string_view table) const {
    ItemMatches matches;
    const auto found = tables_.find(last_part(table));
    if (found == tables_.end()) return matches;
    for (const std::size_t item : found->second) {
        const std::string& name = inventory_.items[item].names.front();
        if (name == table) return {{item}, {}};
        if (may_be_same_table(name, table)) matches.perhaps.push_back(item);
    }
    // Of tables with one name in several schemas, which one it is depends on the connection.
    if (matches.perhaps.size() == 1) std::swap(matches.sure, matches.perhaps);
    return matches;
}

}  // namespace footfall
