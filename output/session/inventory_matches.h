// Finds the items of an inventory that an operation belongs to: those that are found by route or by table. Items by name are
// the comparison's (inventory.cc).
//
// An operation belongs to the items that fit it best. Of routes, what fits as it is seen from outside (with the prefix that
// the API description gives) wins over what fits only without that prefix, as it is seen behind a proxy that takes it off.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "output/session/inventory.h"
#include "output/session/snapshot.pb.h"

namespace footfall {

struct ItemMatches {
    std::vector<std::size_t> sure;     // indexes of items, ascending
    std::vector<std::size_t> perhaps;  // those that it may belong to, or not
};

class InventoryMatches {
public:
    // The inventory must outlive this.
    explicit InventoryMatches(const Inventory& inventory);

    [[nodiscard]] ItemMatches of(const Operation& operation) const;

private:
    struct Template {
        std::size_t item = 0;
        std::string_view route;
        bool outside = true;  // as seen from outside
    };
    using Shape = std::pair<std::string_view, std::size_t>;  // method, number of segments

    [[nodiscard]] ItemMatches by_route(const Operation& operation) const;
    [[nodiscard]] std::vector<const Template*> templates_for(std::string_view method, std::string_view route) const;
    [[nodiscard]] ItemMatches by_table(std::string_view table) const;

    std::map<Shape, std::vector<Template>> routes_;
    std::map<std::string_view, std::vector<Template>> with_rest_;  // by method
    std::map<std::string_view, std::vector<std::size_t>> tables_;  // by the last part of the name
    const Inventory& inventory_;
};

}  // namespace footfall
