#include "output/session/functions_in_stacks.h"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "output/session/watched.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

// By file (its build-id, or its path where it has none) and name.
using FunctionKey = std::pair<std::string, std::string>;

struct StackTime {
    std::uint64_t self = 0;
    std::uint64_t total = 0;
};

std::string file_key(std::string_view build_id, std::string_view path) {
    return std::string(build_id.empty() ? path : build_id);
}

class StackTimes {
public:
    explicit StackTimes(const Stacks& stacks) : stacks_(stacks), reader_(stacks) {
        for (const StackSample& sample : stacks.samples()) {
            if (sample.state() == STACK_RUNNING) add(sample);
        }
    }

    // Of the function by any of its names.
    [[nodiscard]] StackTime of(const FunctionFile& file, const FunctionUse& use) const {
        const std::string key = file_key(file.build_id(), file.path());
        if (const auto found = times_.find({key, use.name()}); found != times_.end()) return found->second;
        for (const std::string& alias : use.aliases()) {
            if (const auto found = times_.find({key, alias}); found != times_.end()) return found->second;
        }
        return {};
    }

private:
    void add(const StackSample& sample) {
        std::set<FunctionKey> seen;  // recursion counts once
        bool innermost = true;
        for (const std::uint32_t index : sample.locations()) {
            const auto frames = reader_.frames_at(index);
            if (frames.empty() || frames.back().kernel) continue;
            const Location& location = stacks_.locations(static_cast<int>(index));
            FunctionKey key{file_key(reader_.build_id(location), reader_.module_path(location)),
                            std::string(frames.back().name)};
            StackTime& time = times_[key];
            if (std::exchange(innermost, false)) time.self += sample.nanos();
            if (seen.insert(std::move(key)).second) time.total += sample.nanos();
        }
    }

    const Stacks& stacks_;
    StackReader reader_;
    std::map<FunctionKey, StackTime> times_;
};

}  // namespace

void join_with_stacks(Snapshot& snapshot) {
    if (!snapshot.has_stacks() || snapshot.function_files().empty()) return;
    const StackTimes times(snapshot.stacks());
    for (FunctionFile& file : *snapshot.mutable_function_files()) {
        const TimeSpan span = whole_span(file.watched());
        for (FunctionUse& use : *file.mutable_functions()) {
            const StackTime time = times.of(file, use);
            if (time.total == 0) continue;
            use.set_self_nanos(time.self);
            use.set_total_nanos(time.total);
            if (!file.coverage() || use.calls() != 0) continue;
            use.set_calls(1);
            use.clear_not_counted();
            use.set_first_seen_unix_nanos(span.start_unix_nanos());
            use.set_last_seen_unix_nanos(span.end_unix_nanos());
        }
    }
}

}  // namespace footfall
