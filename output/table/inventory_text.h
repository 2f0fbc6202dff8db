// A list of what could be used against what was, as people read it in a terminal.
#pragma once

#include <string>

#include "output/session/inventory.h"
#include "output/table/terminal_text.h"

namespace footfall {

// Those lines that were never used, and with `all` also what was used and is not in the list. Ends with a newline.
[[nodiscard]] std::string inventory_text(const InventoryAnswer& answer, bool all, const TerminalStyle& style);

}  // namespace footfall
