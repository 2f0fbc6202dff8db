#include "output/stacks/stack_filter.h"

#include <algorithm>
#include <set>

#include "agent/base/text.h"
#include "output/session/operation_globs.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

bool one_matches(const std::vector<std::string>& globs, std::string_view name) {
    return globs.empty() ||
           std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return glob_match(glob, name); });
}

bool state_fits(const StackSample& sample, const StackFilter& filter) {
    return filter.states.empty() ||
           std::find(filter.states.begin(), filter.states.end(), sample.state()) != filter.states.end();
}

bool is_chosen(const StackSample& sample, const StackReader& reader, const StackFilter& filter) {
    return state_fits(sample, filter) && one_matches(filter.services, reader.text(sample.service())) &&
           means_operation(filter.operations, reader.text(sample.operation())) &&
           one_matches(filter.threads, reader.text(sample.thread()));
}

void count_walks(Stacks& stacks) {
    const StackReader reader(stacks);
    std::map<std::string, std::uint64_t> stops;
    std::map<std::string, std::uint64_t> script_stops;
    std::uint64_t complete_with_guesses = 0;
    std::uint64_t user_frames = 0;
    std::uint64_t guessed_frames = 0;
    for (const StackSample& sample : stacks.samples()) {
        const std::string_view stop = reader.text(sample.stop());
        stops[stop.empty() ? "outermost" : std::string(stop)] += sample.samples();
        const std::string_view script_stop = reader.text(sample.script_stop());
        if (!script_stop.empty()) script_stops[std::string(script_stop)] += sample.samples();
        if (is_complete(stop) && sample.guessed_size() != 0) complete_with_guesses += sample.samples();
        guessed_frames += static_cast<std::uint64_t>(sample.guessed_size()) * sample.samples();
        for (const std::uint32_t location : sample.locations()) {
            const bool known = location < static_cast<std::uint32_t>(stacks.locations_size());
            if (known && !stacks.locations(static_cast<int>(location)).kernel()) user_frames += sample.samples();
        }
    }
    *stacks.mutable_stops() = {stops.begin(), stops.end()};
    *stacks.mutable_script_stops() = {script_stops.begin(), script_stops.end()};
    stacks.set_complete_with_guesses(complete_with_guesses);
    stacks.set_user_frames(user_frames);
    stacks.set_guessed_frames(guessed_frames);
}

}  // namespace

void keep_chosen(Stacks& stacks, const StackFilter& filter) {
    if (filter.chooses_all()) return;
    const StackReader reader(stacks);
    google::protobuf::RepeatedPtrField<StackSample>& samples = *stacks.mutable_samples();
    const auto left = std::remove_if(samples.begin(), samples.end(),
                                     [&](const StackSample& sample) { return !is_chosen(sample, reader, filter); });
    samples.erase(left, samples.end());
    count_walks(stacks);
}

std::optional<EmptyChoice> find_empty_choice(const Stacks& stacks, const StackFilter& filter) {
    const StackReader reader(stacks);
    std::set<std::string> services;
    bool some_service_fits = false;
    std::set<std::string> operations;  // of the services that fit
    std::set<std::string> threads;     // of the operations that fit
    std::set<std::string> states;      // of the threads that fit
    for (const StackSample& sample : stacks.samples()) {
        services.emplace(reader.text(sample.service()));
        if (!one_matches(filter.services, reader.text(sample.service()))) continue;
        some_service_fits = true;
        if (sample.operation() != 0) operations.emplace(reader.text(sample.operation()));
        if (!means_operation(filter.operations, reader.text(sample.operation()))) continue;
        threads.emplace(reader.text(sample.thread()));
        if (!one_matches(filter.threads, reader.text(sample.thread()))) continue;
        if (state_fits(sample, filter)) return std::nullopt;
        states.emplace(state_name(sample.state()));
    }
    using Option = EmptyChoice::Option;
    if (!states.empty()) return EmptyChoice{Option::kState, {states.begin(), states.end()}};
    if (!threads.empty()) return EmptyChoice{Option::kThread, {threads.begin(), threads.end()}};
    if (some_service_fits) return EmptyChoice{Option::kOperation, {operations.begin(), operations.end()}};
    if (!services.empty()) return EmptyChoice{Option::kService, {services.begin(), services.end()}};
    return std::nullopt;
}

}  // namespace footfall
