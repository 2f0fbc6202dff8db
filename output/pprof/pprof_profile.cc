#include "output/pprof/pprof_profile.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "agent/base/human_units.h"
#include "output/http/gzip.h"
#include "output/session/utf8.h"
#include "output/stacks/stack_reader.h"
#include "output/stacks/stack_totals.h"
#include "pprof/profile.pb.h"

namespace footfall {
namespace {

namespace pprof = perftools::profiles;

class ProfileBuilder {
public:
    explicit ProfileBuilder(const Snapshot& snapshot)
        : snapshot_(snapshot), reader_(snapshot.stacks()), of_calls_(are_calls(snapshot.stacks())) {
        intern("");
    }

    pprof::Profile build() {
        add_mappings();
        for (const StackSample& sample : snapshot_.stacks().samples()) add_sample(sample);
        add_header();
        return std::move(profile_);
    }

private:
    using ModuleKey = std::pair<std::string_view, std::string_view>;  // path, build id

    [[nodiscard]] ModuleKey module_of(const Location& location) const {
        return {reader_.module_path(location), reader_.build_id(location)};
    }
    [[nodiscard]] std::vector<ModuleKey> modules_in_order() const;
    void add_mappings();
    static void widen(pprof::Mapping& mapping, const Location& location);
    void add_header();
    void add_sample(const StackSample& sample);
    void add_label(pprof::Sample& sample, std::string_view key, std::string_view value);
    std::uint64_t location_id(std::uint32_t index);
    std::uint64_t function_id(const NamedFrame& frame);
    void set_type(pprof::ValueType& type, std::string_view name, std::string_view unit);
    std::int64_t intern(std::string_view text);

    const Snapshot& snapshot_;
    StackReader reader_;
    pprof::Profile profile_;
    std::unordered_map<std::string, std::int64_t> strings_;
    std::map<ModuleKey, std::uint64_t> mappings_;       // id by module
    std::map<std::uint32_t, std::uint64_t> locations_;  // id by index of the location
    std::map<std::tuple<std::string_view, std::string_view>, std::uint64_t> functions_;
    bool of_calls_;
    bool something_ran_ = false;
};

std::int64_t ProfileBuilder::intern(std::string_view text) {
    const auto [place, is_new] = strings_.try_emplace(to_utf8(text), profile_.string_table_size());
    if (is_new) profile_.add_string_table(place->first);
    return place->second;
}

void ProfileBuilder::set_type(pprof::ValueType& type, std::string_view name, std::string_view unit) {
    type.set_type(intern(name));
    type.set_unit(intern(unit));
}

// The first mapping is taken for the main program: the executable of a watched service that has the most locations.
std::vector<ProfileBuilder::ModuleKey> ProfileBuilder::modules_in_order() const {
    std::set<std::string_view> executables;
    for (const Service& service : snapshot_.services()) executables.insert(service.executable());
    std::map<ModuleKey, std::size_t> used;
    for (const Location& location : snapshot_.stacks().locations()) ++used[module_of(location)];

    std::vector<ModuleKey> modules;
    for (const auto& [module, count] : used) {
        if (!module.first.empty()) modules.push_back(module);
    }
    std::stable_sort(modules.begin(), modules.end(), [&](const ModuleKey& a, const ModuleKey& b) {
        const bool a_is_main = executables.contains(a.first);
        const bool b_is_main = executables.contains(b.first);
        return a_is_main != b_is_main ? a_is_main : a_is_main && used.at(a) > used.at(b);
    });
    return modules;
}

void ProfileBuilder::widen(pprof::Mapping& mapping, const Location& location) {
    constexpr std::uint64_t kPage = 4096;
    const std::uint64_t page = location.address() - location.address() % kPage;
    mapping.set_memory_start(std::min(mapping.memory_start(), page));
    const std::uint64_t end = page + kPage > page ? page + kPage : ~std::uint64_t{0};
    mapping.set_memory_limit(std::max(mapping.memory_limit(), end));
    // Offset and start are the same, so that a reader finds addresses to be the file's own.
    mapping.set_file_offset(mapping.memory_start());
    if (!location.lines().empty()) mapping.set_has_functions(true);
    if (location.lines_size() > 1) mapping.set_has_inline_frames(true);
    for (const StackLine& line : location.lines()) {
        if (line.file() != 0) mapping.set_has_filenames(true);
        if (line.line() != 0) mapping.set_has_line_numbers(true);
    }
}

void ProfileBuilder::add_mappings() {
    for (const ModuleKey& module : modules_in_order()) {
        pprof::Mapping& mapping = *profile_.add_mapping();
        mapping.set_id(static_cast<std::uint64_t>(profile_.mapping_size()));
        mapping.set_filename(intern(module.first));
        mapping.set_build_id(intern(module.second));
        mapping.set_memory_start(~std::uint64_t{0});
        mappings_[module] = mapping.id();
    }
    for (const Location& location : snapshot_.stacks().locations()) {
        const auto known = mappings_.find(module_of(location));
        if (known != mappings_.end()) widen(*profile_.mutable_mapping(static_cast<int>(known->second) - 1), location);
    }
}

std::uint64_t ProfileBuilder::function_id(const NamedFrame& frame) {
    const auto [place, is_new] = functions_.try_emplace({frame.name, frame.file}, profile_.function_size() + 1);
    if (!is_new) return place->second;
    pprof::Function& function = *profile_.add_function();
    function.set_id(place->second);
    function.set_name(intern(frame.name));
    function.set_system_name(function.name());
    function.set_filename(intern(frame.file));
    return function.id();
}

std::uint64_t ProfileBuilder::location_id(std::uint32_t index) {
    const auto [place, is_new] = locations_.try_emplace(index, profile_.location_size() + 1);
    if (!is_new) return place->second;
    const Location& from = snapshot_.stacks().locations(static_cast<int>(index));
    pprof::Location& location = *profile_.add_location();
    location.set_id(place->second);
    location.set_address(from.address());
    if (const auto mapping = mappings_.find(module_of(from)); mapping != mappings_.end()) {
        location.set_mapping_id(mapping->second);
    }
    for (const NamedFrame& frame : reader_.frames_at(index)) {
        pprof::Line& line = *location.add_line();
        line.set_function_id(function_id(frame));
        line.set_line(frame.line);
    }
    return location.id();
}

void ProfileBuilder::add_label(pprof::Sample& sample, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    pprof::Label& label = *sample.add_label();
    label.set_key(intern(key));
    label.set_str(intern(value));
}

void ProfileBuilder::add_sample(const StackSample& from) {
    pprof::Sample& sample = *profile_.add_sample();
    const std::size_t locations = std::min(static_cast<std::size_t>(from.locations_size()), kMaxLocationsOfStack);
    for (std::size_t i = 0; i < locations; ++i) {
        const std::uint32_t location = from.locations(static_cast<int>(i));
        if (!reader_.frames_at(location).empty()) sample.add_location_id(location_id(location));
    }
    const auto count = static_cast<std::int64_t>(from.samples());
    const auto nanos = static_cast<std::int64_t>(from.nanos());
    const bool waited = from.state() == STACK_BLOCKED || from.state() == STACK_QUEUED;
    something_ran_ |= !waited;
    if (of_calls_) {
        sample.add_value(count);
        add_label(sample, "called", reader_.text(from.called()));
    } else {
        for (const std::int64_t value : {waited ? 0 : count, waited ? 0 : nanos, waited ? count : 0, waited ? nanos : 0})
            sample.add_value(value);
    }
    add_label(sample, "service", reader_.text(from.service()));
    add_label(sample, "operation", reader_.text(from.operation()));
    add_label(sample, "thread", reader_.text(from.thread()));
    add_label(sample, "state", state_name(from.state()));
    add_label(sample, "wait", reader_.text(from.wait()));
    if (const std::string_view stop = reader_.text(from.stop()); !is_complete(stop)) add_label(sample, "stop", stop);
}

void ProfileBuilder::add_header() {
    if (of_calls_) {
        set_type(*profile_.add_sample_type(), "calls", "count");
    } else {
        set_type(*profile_.add_sample_type(), "samples", "count");
        set_type(*profile_.add_sample_type(), "cpu", "nanoseconds");
        set_type(*profile_.add_sample_type(), "waits", "count");
        set_type(*profile_.add_sample_type(), "delay", "nanoseconds");
        profile_.set_default_sample_type(intern(something_ran_ || profile_.sample().empty() ? "cpu" : "delay"));
        set_type(*profile_.mutable_period_type(), "cpu", "nanoseconds");
        profile_.set_period(static_cast<std::int64_t>(snapshot_.stacks().period_nanos()));
    }
    profile_.set_time_nanos(snapshot_.session().start_unix_nanos());
    profile_.set_duration_nanos(static_cast<std::int64_t>(snapshot_.session().duration_nanos()));

    const StackCompleteness all = completeness(snapshot_.stacks());
    const std::string guesses =
        all.complete_with_guesses ? fmt::format(" ({} with guesses)", grouped(*all.complete_with_guesses)) : "";
    profile_.add_comment(
        intern(fmt::format("footfall {}, {}: {} of {} user stacks complete{}, {} of {} user frames guessed",
                           snapshot_.session().footfall_version(), snapshot_.session().host(), grouped(all.complete),
                           grouped(all.walks), guesses, grouped(all.guessed_frames), grouped(all.user_frames))));
}

}  // namespace

Result<std::string> pprof_profile(const Snapshot& snapshot) {
    const pprof::Profile profile = ProfileBuilder(snapshot).build();
    std::optional<std::string> bytes = gzip(profile.SerializeAsString());
    if (!bytes) return failure("cannot compress the profile: no memory");
    return *std::move(bytes);
}

}  // namespace footfall
