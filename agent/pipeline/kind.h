// What is known of a kind of operations: kinds.def as functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/pipeline/stages.h"

namespace footfall {

enum class Naming : std::uint8_t { kRoutes, kAsTold };

// "http"
constexpr std::string_view name(Kind kind) {
    switch (kind) {
#define FOOTFALL_KIND(enumerator, text, naming) \
    case Kind::enumerator:                      \
        return text;
#include "agent/pipeline/kinds.def"
#undef FOOTFALL_KIND
    }
    __builtin_unreachable();
}

constexpr Naming naming_of(Kind kind) {
    constexpr std::array kNamings{
#define FOOTFALL_KIND(enumerator, text, naming) Naming::naming,
#include "agent/pipeline/kinds.def"
#undef FOOTFALL_KIND
    };
    return kNamings[static_cast<std::size_t>(kind)];
}

}  // namespace footfall
