// The usage table as people read it in a terminal: what was used, most used first; then what was lost, what watching cost,
// and where footfall could not see. Ends with a newline. Times are UTC.
#pragma once

#include <string>

#include "output/session/snapshot.pb.h"
#include "output/table/terminal_text.h"

namespace footfall {

// With style.width, the operation column shrinks first, then the service column; then columns are left out, the least
// important first, and named in a line below the table.
[[nodiscard]] std::string usage_table_text(const Snapshot& snapshot, const TerminalStyle& style);

}  // namespace footfall
