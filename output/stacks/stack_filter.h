// Chooses stacks by service, operation, thread and state. Every format prints what is left as if nothing else had been
// recorded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

struct StackFilter {
    std::vector<std::string> services;     // globs; a stack must match one of them; none: any service
    std::vector<std::string> operations;   // likewise, as operation_globs.h has them; of no operation: ""
    std::vector<std::string> threads;      // likewise, of the thread's name
    std::vector<StackSampleState> states;  // likewise

    [[nodiscard]] bool chooses_all() const {
        return services.empty() && operations.empty() && threads.empty() && states.empty();
    }
};

// Takes the other samples away. What is said of all walks (stops, guessed frames) is then counted anew from the samples
// that are left, so a walk counts once for each sample that was added up.
void keep_chosen(Stacks& stacks, const StackFilter& filter);

// One option that no sample fits which those before it (services, operations, threads, states) have left.
struct EmptyChoice {
    enum class Option { kService, kOperation, kThread, kState };
    Option option{};
    std::vector<std::string> there;  // what those samples have instead: names, sorted; none: they are of no operation
};

// Nothing where some sample fits all options, or there is none at all.
[[nodiscard]] std::optional<EmptyChoice> find_empty_choice(const Stacks& stacks, const StackFilter& filter);

}  // namespace footfall
