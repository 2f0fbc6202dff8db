#include "output/table/blind_spots_text.h"

#include <spdlog/fmt/fmt.h>

#include "agent/base/human_units.h"

namespace footfall {

std::string blind_spot_text(const BlindSpot& spot, std::size_t indent, const TerminalStyle& style) {
    std::string out = terminal_safe(spot.service()) + ": " + terminal_safe(spot.reason());
    if (spot.connections() != 0) {
        out += fmt::format(" ({} connection{})", grouped(spot.connections()), spot.connections() == 1 ? "" : "s");
    }
    out += "\n";
    if (!spot.hint().empty()) {
        out += toned(std::string(indent, ' ') + terminal_safe(spot.hint()), Tone::kQuiet, style) + "\n";
    }
    return out;
}

}  // namespace footfall
