#include "output/flamegraph/flame_data.h"

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "output/session/utf8.h"
#include "output/session/wall_clock_text.h"
#include "output/stacks/stack_reader.h"
#include "output/stacks/stack_totals.h"

namespace footfall {
namespace {

using FlameJson = nlohmann::ordered_json;

class FlameData {
public:
    FlameData() { intern(""); }

    void add(const Snapshot& snapshot, const StackReader& reader);
    [[nodiscard]] FlameJson json();

private:
    using FrameKey = std::tuple<std::string_view, std::string_view, unsigned>;                      // name, module, flags
    using GroupKey = std::tuple<std::int32_t, std::int32_t, std::int32_t, int, std::int32_t, int>;  // as in the JSON
    struct Value {
        std::uint64_t nanos = 0;
        std::uint64_t samples = 0;
    };

    std::int32_t intern(std::string_view text);
    std::int32_t frame_of(std::string_view name, std::string_view module, unsigned flags);
    std::int32_t node_of(std::int32_t parent, std::int32_t frame);
    std::int32_t leaf_of(const StackSample& sample, const StackReader& reader);
    FlameJson frames_json();

    std::vector<std::string> strings_;
    std::unordered_map<std::string, std::int32_t> string_ids_;
    std::map<FrameKey, std::int32_t> frame_ids_;
    std::vector<FrameKey> frames_;
    std::vector<std::map<std::pair<std::string_view, std::uint32_t>, std::uint64_t>> places_;  // time by file and line
    std::unordered_map<std::uint64_t, std::int32_t> children_;                                 // by parent and frame
    std::vector<std::int32_t> parents_;
    std::vector<std::int32_t> node_frames_;
    std::vector<bool> guessed_;
    std::map<GroupKey, std::int32_t> groups_;
    std::vector<GroupKey> group_list_;
    std::map<std::pair<std::int32_t, std::int32_t>, Value> values_;  // by node and group
    FlameJson sessions_ = FlameJson::array();
};

std::int32_t FlameData::intern(std::string_view text) {
    const auto [place, is_new] = string_ids_.try_emplace(to_utf8(text), static_cast<std::int32_t>(strings_.size()));
    if (is_new) strings_.push_back(place->first);
    return place->second;
}

std::int32_t FlameData::frame_of(std::string_view name, std::string_view module, unsigned flags) {
    const FrameKey key{name, module, flags};
    const auto [place, is_new] = frame_ids_.try_emplace(key, static_cast<std::int32_t>(frames_.size()));
    if (is_new) {
        frames_.push_back(key);
        places_.emplace_back();
    }
    return place->second;
}

std::int32_t FlameData::node_of(std::int32_t parent, std::int32_t frame) {
    const std::uint64_t key = (static_cast<std::uint64_t>(parent + 1) << 32U) | static_cast<std::uint32_t>(frame);
    const auto [place, is_new] = children_.try_emplace(key, static_cast<std::int32_t>(parents_.size()));
    if (is_new) {
        parents_.push_back(parent);
        node_frames_.push_back(frame);
        guessed_.push_back(false);
    }
    return place->second;
}

// The node that a sample's innermost frame has, with all nodes on the way to it.
std::int32_t FlameData::leaf_of(const StackSample& sample, const StackReader& reader) {
    std::int32_t node = -1;
    if (const std::string_view stop = reader.text(sample.stop()); !is_complete(stop)) {
        node = node_of(node, frame_of(stop, "", kFrameIncomplete));
    }
    const std::vector<StackEntry> frames = reader.frames_of(sample);
    for (auto entry = frames.rbegin(); entry != frames.rend(); ++entry) {
        const NamedFrame& from = *entry->frame;
        const unsigned flags =
            (from.kernel ? kFrameKernel : 0U) | (from.inlined ? kFrameInlined : 0U) | (from.jit ? kFrameJit : 0U);
        const std::int32_t frame = frame_of(from.name, from.module, flags);
        if (!from.file.empty()) places_[static_cast<std::size_t>(frame)][{from.file, from.line}] += sample.nanos();
        node = node_of(node, frame);
        if (entry->guessed) guessed_[static_cast<std::size_t>(node)] = true;
    }
    // A stack without frames is still time that someone spent.
    return node >= 0 ? node : node_of(-1, frame_of("[no stack]", "", kFrameIncomplete));
}

void FlameData::add(const Snapshot& snapshot, const StackReader& reader) {
    const int session = static_cast<int>(sessions_.size());
    const StackCompleteness all = completeness(snapshot.stacks());
    const SessionInfo& info = snapshot.session();
    sessions_.push_back({{"host", to_utf8(info.host())},
                         {"start", info.start_unix_nanos() == 0 ? "" : date_and_time_utc({info.start_unix_nanos()})},
                         {"seconds", static_cast<double>(info.duration_nanos()) / 1e9},
                         {"unit", are_calls(snapshot.stacks()) ? "calls" : "time"},
                         {"walks", all.walks},
                         {"complete", all.complete},
                         {"completeWithGuesses", all.complete_with_guesses.value_or(0)},
                         {"userFrames", all.user_frames},
                         {"guessedFrames", all.guessed_frames}});
    for (const StackSample& sample : snapshot.stacks().samples()) {
        const bool waited = sample.state() == STACK_BLOCKED || sample.state() == STACK_QUEUED;
        const GroupKey key{intern(reader.text(sample.service())), intern(reader.text(sample.operation())),
                           intern(reader.text(sample.thread())),  waited ? static_cast<int>(sample.state()) : 0,
                           intern(reader.text(sample.wait())),    session};
        const auto [group, is_new] = groups_.try_emplace(key, static_cast<std::int32_t>(group_list_.size()));
        if (is_new) group_list_.push_back(key);
        Value& value = values_[{leaf_of(sample, reader), group->second}];
        value.nanos += sample.state() == STACK_CALLED ? sample.samples() : sample.nanos();
        value.samples += sample.samples();
    }
}

FlameJson FlameData::frames_json() {
    FlameJson out = {{"name", FlameJson::array()},
                     {"module", FlameJson::array()},
                     {"file", FlameJson::array()},
                     {"line", FlameJson::array()},
                     {"flags", FlameJson::array()}};
    for (std::size_t i = 0; i < frames_.size(); ++i) {
        const auto& [name, module, flags] = frames_[i];
        // Of all lines of a function that were seen, the one that most time went to.
        std::pair<std::string_view, std::uint32_t> place{"", 0};
        std::uint64_t most = 0;
        for (const auto& [where, nanos] : places_[i]) {
            if (nanos < most || (nanos == most && most != 0)) continue;
            place = where;
            most = nanos;
        }
        out["name"].push_back(intern(name));
        out["module"].push_back(intern(module));
        out["file"].push_back(intern(place.first));
        out["line"].push_back(place.second);
        out["flags"].push_back(flags);
    }
    return out;
}

FlameJson FlameData::json() {
    FlameJson frames = frames_json();
    FlameJson groups = {{"service", FlameJson::array()}, {"operation", FlameJson::array()}, {"thread", FlameJson::array()},
                        {"state", FlameJson::array()},   {"wait", FlameJson::array()},      {"session", FlameJson::array()}};
    for (const auto& [service, operation, thread, state, wait, session] : group_list_) {
        groups["service"].push_back(service);
        groups["operation"].push_back(operation);
        groups["thread"].push_back(thread);
        groups["state"].push_back(state);
        groups["wait"].push_back(wait);
        groups["session"].push_back(session);
    }
    FlameJson guessed = FlameJson::array();
    for (std::size_t i = 0; i < guessed_.size(); ++i) {
        if (guessed_[i]) guessed.push_back(i);
    }
    FlameJson values = {{"node", FlameJson::array()},
                        {"group", FlameJson::array()},
                        {"nanos", FlameJson::array()},
                        {"samples", FlameJson::array()}};
    for (const auto& [key, value] : values_) {
        values["node"].push_back(key.first);
        values["group"].push_back(key.second);
        values["nanos"].push_back(value.nanos);
        values["samples"].push_back(value.samples);
    }
    return {{"schema", "footfall.flamegraph/v1"},
            {"strings", strings_},
            {"sessions", sessions_},
            {"frames", std::move(frames)},
            {"groups", std::move(groups)},
            {"nodes", {{"parent", parents_}, {"frame", node_frames_}, {"guessed", std::move(guessed)}}},
            {"values", std::move(values)}};
}

// In JSON a '<' stands only inside of strings, where it may be written so.
std::string without_markup(const std::string& json) {
    std::string out;
    out.reserve(json.size());
    for (const char c : json) {
        if (c == '<') {
            out += "\\u003c";
        } else {
            out += c;
        }
    }
    return out;
}

}  // namespace

Result<std::string> flame_data_json(const Snapshot& after, const Snapshot* before) {
    // The data refers to the text of both readers.
    std::vector<std::unique_ptr<StackReader>> readers;
    FlameData data;
    for (const Snapshot* snapshot : {&after, before}) {
        if (snapshot == nullptr) continue;
        readers.push_back(std::make_unique<StackReader>(snapshot->stacks()));
        if (const auto size = check_unfolded_size(*readers.back()); !size) return tl::unexpected(size.error());
        data.add(*snapshot, *readers.back());
    }
    return without_markup(data.json().dump(-1, ' ', false, FlameJson::error_handler_t::replace));
}

}  // namespace footfall
