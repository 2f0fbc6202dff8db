#include "output/json/stacks_json.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string>

#include "output/stacks/stack_reader.h"
#include "output/stacks/stack_totals.h"

namespace footfall {
namespace {

using StacksJson = nlohmann::ordered_json;

double nanos_in_seconds(std::uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

StacksJson text_or_null(std::string_view text) {
    if (text.empty()) return nullptr;
    return text;
}

StacksJson completeness_json(const Stacks& stacks) {
    const std::map<std::string, std::uint64_t> sorted(stacks.stops().begin(), stacks.stops().end());
    const std::map<std::string, std::uint64_t> script_stops(stacks.script_stops().begin(), stacks.script_stops().end());
    const std::map<std::string, std::uint64_t> without_room(stacks.without_room().begin(), stacks.without_room().end());
    const StackCompleteness all = completeness(stacks);
    const StacksJson with_guesses = all.complete_with_guesses ? StacksJson(*all.complete_with_guesses) : StacksJson(nullptr);
    return {{"user_stacks", all.walks},
            {"complete", all.complete},
            {"complete_with_guesses", with_guesses},
            {"user_frames", all.user_frames},
            {"guessed_frames", all.guessed_frames},
            {"stops", sorted},
            {"script_stacks", all.script_walks},
            {"script_complete", all.script_complete},
            {"script_stops", script_stops},
            {"waits_taken", stacks.waits_taken()},
            {"waits_in_all", stacks.waits_in_all()},
            {"without_room", without_room}};
}

StacksJson location_json(std::uint32_t index, const StackReader& reader) {
    const Location& location = reader.stacks().locations(static_cast<int>(index));
    StacksJson functions = StacksJson::array();
    for (const NamedFrame& frame : reader.frames_at(index)) {
        StacksJson function = {{"name", frame.name}, {"file", text_or_null(frame.file)}, {"line", nullptr}};
        if (frame.line != 0) function["line"] = frame.line;
        functions.push_back(std::move(function));
    }
    return {{"module", text_or_null(reader.module_path(location))},
            {"build_id", text_or_null(reader.build_id(location))},
            {"address", fmt::format("0x{:x}", location.address())},
            {"kernel", location.kernel()},
            {"functions", std::move(functions)},
            {"miss", text_or_null(reader.text(location.miss()))}};
}

StacksJson sample_json(const StackSample& sample, const StackReader& reader) {
    StacksJson locations = StacksJson::array();
    StacksJson guessed = StacksJson::array();
    const int count = std::min(sample.locations_size(), static_cast<int>(kMaxLocationsOfStack));
    std::vector<int> places(static_cast<std::size_t>(count), -1);  // in `locations`, where those that lead nowhere are not
    for (int i = 0; i < count; ++i) {
        if (reader.frames_at(sample.locations(i)).empty()) continue;
        places[static_cast<std::size_t>(i)] = static_cast<int>(locations.size());
        locations.push_back(sample.locations(i));
    }
    for (const std::uint32_t at : sample.guessed()) {
        if (at < places.size() && places[at] >= 0) guessed.push_back(places[at]);
    }
    const std::string_view stop = reader.text(sample.stop());
    StacksJson out = {{"service", reader.text(sample.service())},
                      {"operation", text_or_null(reader.text(sample.operation()))},
                      {"thread", reader.text(sample.thread())},
                      {"state", state_name(sample.state())},
                      {"wait", text_or_null(reader.text(sample.wait()))},
                      {"samples", sample.samples()},
                      {"seconds", nanos_in_seconds(sample.nanos())},
                      {"locations", std::move(locations)},
                      {"guessed", std::move(guessed)},
                      {"complete", is_complete(stop)},
                      {"stop", text_or_null(stop)},
                      {"script_stop", text_or_null(reader.text(sample.script_stop()))}};
    if (sample.state() == STACK_CALLED) out["function"] = reader.text(sample.called());
    return out;
}

}  // namespace

StacksJson stacks_json(const Stacks& stacks) {
    const StackReader reader(stacks);
    StacksJson locations = StacksJson::array();
    for (int i = 0; i < stacks.locations_size(); ++i) {
        locations.push_back(location_json(static_cast<std::uint32_t>(i), reader));
    }
    StacksJson samples = StacksJson::array();
    for (const StackSample& sample : stacks.samples()) samples.push_back(sample_json(sample, reader));
    return {{"clock", text_or_null(stacks.clock())},
            {"period_seconds", nanos_in_seconds(stacks.period_nanos())},
            {"completeness", completeness_json(stacks)},
            {"locations", std::move(locations)},
            {"samples", std::move(samples)}};
}

}  // namespace footfall
