// What could be used, as a plain list, against what was.
//
// A line names one operation or function as reports do, its kind in front of it or not: "http GET /orders/{id}",
// "GET /orders/{id}", "function libfoo.so!bar", "libfoo.so!bar". Empty lines and those that begin with # say nothing.
//
// A function that no session counted is not unused: nothing is known of it. The same goes for operations where no session
// looked for any. A line without its kind and without "!" that names nothing known is taken for an operation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

enum class InventoryState : std::uint8_t { kUsed, kUnused, kNotWatched };

struct InventoryLine {
    std::string text;
    InventoryState state{};
    std::uint64_t uses = 0;
    std::int64_t first_seen_unix_nanos = 0;
    std::int64_t last_seen_unix_nanos = 0;
    Watched watched;
};

struct UnlistedUse {
    std::string text;
    std::uint64_t uses = 0;
};

struct InventoryAnswer {
    std::vector<InventoryLine> lines;   // in the order of the list, each once
    std::vector<UnlistedUse> unlisted;  // used, and not in the list; most used first
    // Uses whose operation was not kept (--operations.limit): unused lines may be among them.
    std::uint64_t folded_uses = 0;
    bool at_least = false;  // calls of some functions were not counted any more once they were known to be used
};

[[nodiscard]] InventoryAnswer compare_inventory(const Snapshot& snapshot, std::string_view list);

}  // namespace footfall
