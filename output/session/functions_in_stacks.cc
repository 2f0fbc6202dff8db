#include "output/session/functions_in_stacks.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "output/session/function_index.h"
#include "output/session/watched.h"
#include "output/stacks/stack_reader.h"

namespace footfall {
namespace {

struct StackTime {
    std::uint64_t self = 0;
    std::uint64_t total = 0;
};

class StackTimes {
public:
    explicit StackTimes(const Snapshot& snapshot)
        : stacks_(snapshot.stacks()), reader_(snapshot.stacks()), functions_(snapshot) {
        for (const StackSample& sample : stacks_.samples()) {
            if (sample.state() == STACK_RUNNING) add(sample);
        }
    }

    [[nodiscard]] StackTime of(const FunctionUse& use) const {
        const auto found = times_.find(&use);
        return found != times_.end() ? found->second : StackTime();
    }

private:
    void add(const StackSample& sample) {
        std::set<const FunctionUse*> seen;  // recursion counts once
        bool innermost = true;
        for (const std::uint32_t index : sample.locations()) {
            const auto frames = reader_.frames_at(index);
            if (!frames.empty() && frames.back().kernel) continue;
            const bool is_own = std::exchange(innermost, false);
            const FunctionUse* use = frames.empty() ? nullptr : function_at(index, frames.back().name);
            if (use == nullptr) continue;
            StackTime& time = times_[use];
            if (is_own) time.self += sample.nanos();
            if (seen.insert(use).second) time.total += sample.nanos();
        }
    }

    [[nodiscard]] const FunctionUse* function_at(std::uint32_t index, std::string_view name) const {
        const Location& location = stacks_.locations(static_cast<int>(index));
        return functions_.find(reader_.build_id(location), reader_.module_path(location), name, location.address());
    }

    const Stacks& stacks_;
    StackReader reader_;
    FunctionIndex functions_;
    std::map<const FunctionUse*, StackTime> times_;
};

}  // namespace

void join_with_stacks(Snapshot& snapshot) {
    if (!snapshot.has_stacks() || snapshot.function_files().empty()) return;
    const StackTimes times(snapshot);
    for (FunctionFile& file : *snapshot.mutable_function_files()) {
        const TimeSpan span = whole_span(file.watched());
        for (FunctionUse& use : *file.mutable_functions()) {
            const StackTime time = times.of(use);
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
