// What could be used against what was.
//
// An inventory is made of files (agent/inventory): API descriptions, schemas, plain lists. Each item is called as reports
// call an operation or function, and says how it is found among those that were used:
//   kName    by that name, its kind in front of it or not: "redis GET", "function libfoo.so!bar", "libfoo.so!bar"
//   kRoute   by method and route, whatever the placeholders are called (route_fit.h)
//   kTable   by the table of a SQL statement. Of a statement only the first table is known, so a table that was only ever
//            joined to others looks unused: whoever shows it must say so.
//
// Not all that has no use is unused. A function that no session counted, and operations where no session looked for any, are
// not watched. What may be hidden behind a name that stands for several (hidden_uses.h, route_fit.h) is unclear, and says
// which name that is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

struct InventoryItem {
    enum class Means : std::uint8_t { kName, kRoute, kTable };

    std::string text;  // "http GET /orders/{orderId}"
    Means means = Means::kName;
    std::string method;              // kRoute
    std::vector<std::string> names;  // kRoute: its paths as seen from outside and from within, the best first; kTable: one
    std::string place;               // "shop.yaml:12"; empty where there is none
};

// Each text once.
struct Inventory {
    std::vector<InventoryItem> items;

    void add(Inventory other);
    // The first of those that have the same text stays.
    void leave_out_repeated();
};

// A plain list: one operation or function a line. Empty lines and those that begin with # say nothing.
[[nodiscard]] Inventory plain_list(std::string_view text, const std::string& file = {});

enum class InventoryState : std::uint8_t { kUsed, kUnused, kUnclear, kNotWatched };
constexpr std::size_t kInventoryStates = 4;

// "used", "unused", "unclear", "not_watched"
[[nodiscard]] std::string_view name_of(InventoryState state);

struct InventoryLine {
    std::string text;
    InventoryState state{};
    std::uint64_t uses = 0;
    std::int64_t first_seen_unix_nanos = 0;
    std::int64_t last_seen_unix_nanos = 0;
    Watched watched;
    std::string perhaps_in;    // kUnclear: the operation whose uses may be its: "http GET /users/{value}"
    bool first_table = false;  // its uses are those in which it was a statement's first table
    std::string place;
};

struct UnlistedUse {
    std::string text;
    std::uint64_t uses = 0;
};

struct InventoryAnswer {
    std::vector<InventoryLine> lines;   // in the order of the items
    std::vector<UnlistedUse> unlisted;  // used, and certainly of no item; most used first
    // Uses whose operation was not kept (--operations.limit): lines without a use may be among them.
    std::uint64_t folded_uses = 0;
    bool at_least = false;  // calls of some functions were not counted any more once they were known to be used

    [[nodiscard]] std::uint64_t count(InventoryState state) const;
};

[[nodiscard]] InventoryAnswer compare_inventory(const Snapshot& snapshot, const Inventory& inventory);

}  // namespace footfall
