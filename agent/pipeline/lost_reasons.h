// Why an exchange that began became no use: lost_reasons.def as a type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall {

enum class LostReason : std::uint8_t {
#define FOOTFALL_LOST(enumerator, text, meaning) enumerator,
#include "agent/pipeline/lost_reasons.def"
#undef FOOTFALL_LOST
};

constexpr std::size_t kLostReasons = 0
#define FOOTFALL_LOST(enumerator, text, meaning) +1
#include "agent/pipeline/lost_reasons.def"
#undef FOOTFALL_LOST
    ;

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
