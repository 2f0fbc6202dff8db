#include "output/table/trace_line_text.h"

#include <spdlog/fmt/fmt.h>

#include "agent/base/human_units.h"
#include "output/session/wall_clock_text.h"

namespace footfall {
namespace {

constexpr std::size_t kDurationWidth = 7;
constexpr std::size_t kOutcomeWidth = 7;

std::string padded(std::string_view text, std::size_t width, bool right) {
    const std::size_t taken = display_width(text);
    const std::string padding(taken < width ? width - taken : 0, ' ');
    return right ? padding + std::string(text) : std::string(text) + padding;
}

std::string duration(std::uint64_t nanoseconds) {
    return nanoseconds == 0 ? "-" : human_duration(static_cast<double>(nanoseconds) / 1e9);
}

std::string details(const TraceLine& line) {
    std::string out;
    if (line.time_to_first_byte_nanos) out += "first byte " + duration(*line.time_to_first_byte_nanos) + ", ";
    out += fmt::format("in {}, out {}", human_bytes(line.bytes_in), human_bytes(line.bytes_out));
    if (!line.consumer.empty()) out += ", by " + terminal_safe(line.consumer);
    if (line.cpu_nanos) out += ", CPU " + duration(*line.cpu_nanos);
    if (line.pid != 0) out += fmt::format(", pid {}", line.pid);
    return out;
}

}  // namespace

std::string trace_line_text(const TraceLine& line, const TerminalStyle& style) {
    const Tone outcome_tone = line.error_type.empty() ? Tone::kPlain : Tone::kAlarm;
    const std::string outcome = padded(terminal_safe(line.outcome), kOutcomeWidth, false);
    const std::string_view arrow = line.role == "client" ? "→" : "←";
    return fmt::format("{}  {}  {}  {} {} {}{} {}  {}", time_of_day_utc(line.time),
                       padded(duration(line.duration_nanos), kDurationWidth, true), toned(outcome, outcome_tone, style),
                       terminal_safe(line.service), arrow, terminal_safe(line.kind), line.tls ? "+tls" : "",
                       terminal_safe(line.operation), toned(details(line), Tone::kQuiet, style));
}

}  // namespace footfall
