#include "output/table/stack_summary_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "agent/base/human_units.h"
#include "output/stacks/stack_totals.h"
#include "output/table/text_grid.h"

namespace footfall {
namespace {

constexpr std::size_t kServicesShown = 8;
constexpr std::size_t kFunctionsShown = 5;

std::string time_text(std::uint64_t nanoseconds) { return human_duration(static_cast<double>(nanoseconds) / 1e9); }

GridCell module_cell(const std::string& module) { return {terminal_safe(file_part(module)), Tone::kQuiet}; }

std::uint64_t waits_of(const ServiceTime& service) {
    return std::transform_reduce(service.waits.begin(), service.waits.end(), std::uint64_t{0}, std::plus<>(),
                                 [](const WaitTime& wait) { return wait.waits; });
}

std::string section(std::string_view heading, const GridText& grid, const TerminalStyle& style) {
    std::string out = "\n" + toned(heading, Tone::kHeading, style) + "\n" + grid.text;
    for (const std::string& title : grid.left_out) out += toned("no room for " + title, Tone::kQuiet, style) + "\n";
    return out;
}

std::string running_section(const std::vector<ServiceTime>& services, const TerminalStyle& style) {
    const std::vector<GridColumn> columns = {
        {.title = "SERVICE", .narrowest = 10},  {.title = "SELF", .numeric = true},
        {.title = "SHARE", .numeric = true},    {.title = "TOTAL", .numeric = true, .rank = 2},
        {.title = "FUNCTION", .narrowest = 20}, {.title = "MODULE", .rank = 1}};
    std::vector<std::vector<GridCell>> rows;
    for (const ServiceTime& service : services) {
        if (service.functions.size() > 1) {
            rows.push_back({{terminal_safe(service.service)},
                            {time_text(service.running)},
                            {human_share(service.running, service.running)},
                            {time_text(service.running)},
                            {fmt::format("all {} functions", grouped(service.functions.size())), Tone::kQuiet},
                            {}});
        }
        for (std::size_t i = 0; i < std::min(service.functions.size(), kFunctionsShown); ++i) {
            const FunctionTime& function = service.functions[i];
            rows.push_back({{terminal_safe(service.service)},
                            {time_text(function.self)},
                            {human_share(function.self, service.running)},
                            {time_text(function.total)},
                            {terminal_safe(function.function)},
                            module_cell(function.module)});
        }
    }
    if (rows.empty()) return {};
    return section("on the CPU, by function", grid_text(columns, rows, style), style);
}

std::string waiting_section(const std::vector<ServiceTime>& services, const TerminalStyle& style) {
    const std::vector<GridColumn> columns = {{.title = "SERVICE", .narrowest = 10},
                                             {.title = "TIME", .numeric = true},
                                             {.title = "WAITS", .numeric = true, .rank = 2},
                                             {.title = "FOR", .rank = 3},
                                             {.title = "FUNCTION", .narrowest = 20},
                                             {.title = "CALLED BY", .narrowest = 12, .rank = 1},
                                             {.title = "MODULE", .rank = 1}};
    std::vector<std::vector<GridCell>> rows;
    for (const ServiceTime& service : services) {
        if (service.waits.size() > 1) {
            rows.push_back({{terminal_safe(service.service)},
                            {time_text(service.waiting)},
                            {grouped(waits_of(service))},
                            {},
                            {fmt::format("all {} places", grouped(service.waits.size())), Tone::kQuiet},
                            {},
                            {}});
        }
        for (std::size_t i = 0; i < std::min(service.waits.size(), kFunctionsShown); ++i) {
            const WaitTime& wait = service.waits[i];
            rows.push_back({{terminal_safe(service.service)},
                            {time_text(wait.nanos)},
                            {grouped(wait.waits)},
                            {terminal_safe(wait.kind)},
                            {terminal_safe(wait.function)},
                            {terminal_safe(wait.caller), Tone::kQuiet},
                            module_cell(wait.module)});
        }
    }
    if (rows.empty()) return {};
    return section("off the CPU, by where user code waits", grid_text(columns, rows, style), style);
}

// "; interpreted 98% of 1,234 complete; not_known_yet 4"
std::string script_completeness(const StackCompleteness& all, const TerminalStyle& style) {
    if (all.script_walks == 0) return {};
    std::string stops;
    for (const auto& [stop, walks] : all.script_stops) {
        stops += (stops.empty() ? "" : ", ") + terminal_safe(stop) + " " + grouped(walks);
    }
    if (!stops.empty()) stops = ": " + toned(stops, Tone::kAlarm, style);
    return fmt::format("; interpreted {} of {} complete{}", human_share(all.script_complete, all.script_walks),
                       grouped(all.script_walks), stops);
}

}  // namespace

std::string stack_completeness_line(const Stacks& stacks, const TerminalStyle& style) {
    const StackCompleteness all = completeness(stacks);
    if (stacks.samples().empty()) return "stacks     none: nothing ran (--stacks all takes waits, too)\n";
    if (all.walks == 0) return "stacks     none of user code\n";
    const std::uint64_t with_guesses = all.complete_with_guesses.value_or(0);
    std::string line = fmt::format(
        "stacks     {} of {} complete{}, {} of frames guessed", human_share(all.complete, all.walks), grouped(all.walks),
        with_guesses == 0 ? "" : fmt::format(" ({} with guesses)", human_share(with_guesses, all.walks)),
        human_share(all.guessed_frames, all.user_frames));
    std::string stops;
    for (const auto& [stop, walks] : all.stops) {
        stops += (stops.empty() ? "stops: " : ", ") + terminal_safe(stop) + " " + grouped(walks);
    }
    if (!stops.empty()) line += "; " + toned(stops, Tone::kAlarm, style);
    line += script_completeness(all, style);
    const std::map<std::string, std::uint64_t> without_room(stacks.without_room().begin(), stacks.without_room().end());
    for (const auto& [what, count] : without_room) {
        line += "; " + toned(fmt::format("no room for {} {}", grouped(count), terminal_safe(what)), Tone::kAlarm, style);
    }
    if (stacks.waits_in_all() > stacks.waits_taken()) {
        line +=
            fmt::format("; waits estimated from {} of {}", grouped(stacks.waits_taken()), grouped(stacks.waits_in_all()));
    }
    return line + "\n";
}

std::string stack_summary_text(const Stacks& stacks, const TerminalStyle& style) {
    if (stacks.samples().empty()) return {};
    const StackReader reader(stacks);
    std::vector<ServiceTime> services = time_by_service(reader);
    const std::size_t all = services.size();
    services.resize(std::min(all, kServicesShown));
    std::string out = running_section(services, style) + waiting_section(services, style);
    if (all > services.size()) {
        const std::string more = fmt::format("and {} more services: --format json has them all", all - services.size());
        out += toned(more, Tone::kQuiet, style) + "\n";
    }
    return out;
}

}  // namespace footfall
