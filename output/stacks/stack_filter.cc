#include "output/stacks/stack_filter.h"

#include <algorithm>
#include <set>

#include "agent/base/text.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

bool one_matches(const std::vector<std::string>& globs, std::string_view name) {
    return globs.empty() ||
           std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) { return glob_match(glob, name); });
}

bool is_chosen(const StackSample& sample, const StackReader& reader, const StackFilter& filter) {
    const bool state_fits = filter.states.empty() ||
                            std::find(filter.states.begin(), filter.states.end(), sample.state()) != filter.states.end();
    return state_fits && one_matches(filter.services, reader.text(sample.service())) &&
           one_matches(filter.threads, reader.text(sample.thread()));
}

void count_walks(Stacks& stacks) {
    const StackReader reader(stacks);
    std::map<std::string, std::uint64_t> stops;
    std::uint64_t user_frames = 0;
    std::uint64_t guessed_frames = 0;
    for (const StackSample& sample : stacks.samples()) {
        const std::string_view stop = reader.text(sample.stop());
        stops[stop.empty() ? "outermost" : std::string(stop)] += sample.samples();
        guessed_frames += static_cast<std::uint64_t>(sample.guessed_size()) * sample.samples();
        for (const std::uint32_t location : sample.locations()) {
            const bool known = location < static_cast<std::uint32_t>(stacks.locations_size());
            if (known && !stacks.locations(static_cast<int>(location)).kernel()) user_frames += sample.samples();
        }
    }
    *stacks.mutable_stops() = {stops.begin(), stops.end()};
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

std::vector<std::string> services_of(const Stacks& stacks) {
    const StackReader reader(stacks);
    std::set<std::string> names;
    for (const StackSample& sample : stacks.samples()) names.emplace(reader.text(sample.service()));
    return {names.begin(), names.end()};
}

}  // namespace footfall
