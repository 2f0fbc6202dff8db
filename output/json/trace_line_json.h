// One use as one JSON object on one line, without a newline: `trace --json`. Keys are those of session_json where they mean
// the same; what is not known is left out.
#pragma once

#include <string>

#include "output/session/trace_line.h"

namespace footfall {

[[nodiscard]] std::string trace_line_json(const TraceLine& line);

}  // namespace footfall
