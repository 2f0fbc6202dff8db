#include "output/table/error_types_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "agent/base/human_units.h"
#include "output/table/terminal_text.h"

namespace footfall {
namespace {

using CountedType = std::pair<std::string, std::uint64_t>;

// Most first, equal ones by name.
std::vector<CountedType> counted_types(const Operation& operation) {
    std::map<std::string, std::uint64_t> counts;
    for (const OutcomeUse& outcome : operation.outcomes()) {
        if (!outcome.error_type().empty()) counts[outcome.error_type()] += outcome.uses();
    }
    std::vector<CountedType> types(counts.begin(), counts.end());
    std::stable_sort(types.begin(), types.end(),
                     [](const CountedType& a, const CountedType& b) { return a.second > b.second; });
    return types;
}

std::string more(std::size_t types) { return types == 0 ? std::string() : fmt::format(", +{} more", types); }

std::string first_type(const CountedType& type, std::size_t width) {
    const std::string count = " ×" + grouped(type.second);
    const std::size_t taken = display_width(count);
    return shortened(terminal_safe(type.first), width > taken ? width - taken : 1) + count;
}

}  // namespace

std::string error_types_text(const Operation& operation, std::size_t width) {
    const std::vector<CountedType> types = counted_types(operation);
    if (types.empty()) return {};
    std::string out = first_type(types.front(), width - display_width(more(types.size() - 1)));
    std::size_t shown = 1;
    for (; shown < types.size(); ++shown) {
        const std::string next = out + ", " + terminal_safe(types[shown].first) + " ×" + grouped(types[shown].second);
        if (display_width(next + more(types.size() - shown - 1)) > width) break;
        out = next;
    }
    return out + more(types.size() - shown);
}

}  // namespace footfall
