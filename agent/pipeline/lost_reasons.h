// Why an exchange that began became no use: lost_reasons.def as a type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace footfall {

enum class LostReason : std::uint8_t {
#define FOOTFALL_LOST(enumerator, text, meaning) enumerator,
#include "agent/pipeline/lost_reasons.def"
#undef FOOTFALL_LOST
};

constexpr LostReason kAllLostReasons[] = {
#define FOOTFALL_LOST(enumerator, text, meaning) LostReason::enumerator,
#include "agent/pipeline/lost_reasons.def"
#undef FOOTFALL_LOST
};
constexpr std::size_t kLostReasons = std::size(kAllLostReasons);

// As users see it: "began_before".
constexpr std::string_view name(LostReason reason) {
    switch (reason) {
#define FOOTFALL_LOST(enumerator, text, meaning) \
    case LostReason::enumerator:                 \
        return text;
#include "agent/pipeline/lost_reasons.def"
#undef FOOTFALL_LOST
    }
    __builtin_unreachable();
}

}  // namespace footfall
