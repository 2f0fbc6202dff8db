// What could be used against what was, as people read it in a terminal. Texts end with a newline.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "output/session/inventory.h"
#include "output/table/terminal_text.h"

namespace footfall {

struct InventoryView {
    bool unused = false;    // leave out what was used
    bool unlisted = false;  // also what was used and is not in the inventory
};

[[nodiscard]] std::string inventory_text(const InventoryAnswer& answer, const InventoryView& view,
                                         const TerminalStyle& style);

// Those of the lines that have no use, by what is known of why. Empty where there is none; else begins with an empty line.
[[nodiscard]] std::string without_use_text(std::span<const InventoryLine> lines, const TerminalStyle& style);

// "5 in the list: 1 used, 2 never, 1 unclear, 1 not watched"; unclear is left out where there is none. what: "in the list".
[[nodiscard]] std::string states_text(std::span<const InventoryLine> lines, std::string_view what);

}  // namespace footfall
