// What footfall met and could not read, for people: the service, why, of how many connections, and what would help.
#pragma once

#include <string>

#include "output/session/snapshot.pb.h"
#include "output/table/terminal_text.h"

namespace footfall {

// "payments: TLS (12 connections)" and, indented by `indent` columns on a line of its own, the hint if there is one. Ends
// with a newline.
[[nodiscard]] std::string blind_spot_text(const BlindSpot& spot, std::size_t indent, const TerminalStyle& style);

}  // namespace footfall
