// From where functions were called, of those whose calls' stacks were taken: the chains of callers that most calls came
// from.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "output/session/snapshot.pb.h"

namespace footfall {

// Innermost caller first; "[no_rule]" and the like where the walk over the stack ended before its time.
struct CallChain {
    std::vector<std::string> callers;
    std::uint64_t calls = 0;  // estimated where not all stacks were taken
    std::uint64_t of = 0;     // the function's, likewise
};

class CallChains {
public:
    // Reads the snapshot's call_stacks once; the snapshot must outlive it.
    explicit CallChains(const Snapshot& snapshot);

    // Most calls first, `most` at most; none: no stack of the function was taken.
    [[nodiscard]] std::vector<CallChain> of(const FunctionUse& function, std::size_t most) const;

private:
    struct Chains {
        std::uint64_t calls = 0;
        std::map<std::vector<std::string>, std::uint64_t> by_callers;
    };
    std::map<const FunctionUse*, Chains> functions_;
};

}  // namespace footfall
