// One use as one line of `trace`, without a newline: "17:53:00.123  1.23ms  200  nginx ← GET /orders/{id}  …".
#pragma once

#include <string>

#include "output/session/trace_line.h"
#include "output/table/terminal_text.h"

namespace footfall {

// Fixed columns first, so that lines stand below each other; the arrow points the way of the request: ← into a server,
// → out of a client.
[[nodiscard]] std::string trace_line_text(const TraceLine& line, const TerminalStyle& style);

}  // namespace footfall
