// How the frames of an interpreted program came into a stack: bpf/contract/script_stops.def as a type, so that both sides
// count under the same names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace footfall {

enum class ScriptStop : std::uint8_t {
#define FF_SCRIPT_STOP(enumerator, text, help) enumerator,
#include "bpf/contract/script_stops.def"
#undef FF_SCRIPT_STOP
};

constexpr ScriptStop kAllScriptStops[] = {
#define FF_SCRIPT_STOP(enumerator, text, help) ScriptStop::enumerator,
#include "bpf/contract/script_stops.def"
#undef FF_SCRIPT_STOP
};
constexpr std::size_t kScriptStops = std::size(kAllScriptStops);

// As users see it: "unknown_version".
constexpr std::string_view name(ScriptStop stop) {
    switch (stop) {
#define FF_SCRIPT_STOP(enumerator, text, help) \
    case ScriptStop::enumerator:               \
        return text;
#include "bpf/contract/script_stops.def"
#undef FF_SCRIPT_STOP
    }
    __builtin_unreachable();
}

}  // namespace footfall
