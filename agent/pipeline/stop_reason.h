// Why a walk over a user stack ended: bpf/contract/stop_reasons.def as a type, so that both sides count under the same
// names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace footfall {

enum class StopReason : std::uint8_t {
#define FF_STOP_REASON(enumerator, text, help) enumerator,
#include "bpf/contract/stop_reasons.def"
#undef FF_STOP_REASON
};

constexpr StopReason kAllStopReasons[] = {
#define FF_STOP_REASON(enumerator, text, help) StopReason::enumerator,
#include "bpf/contract/stop_reasons.def"
#undef FF_STOP_REASON
};
constexpr std::size_t kStopReasons = std::size(kAllStopReasons);

// As users see it: "no_table".
constexpr std::string_view name(StopReason reason) {
    switch (reason) {
#define FF_STOP_REASON(enumerator, text, help) \
    case StopReason::enumerator:               \
        return text;
#include "bpf/contract/stop_reasons.def"
#undef FF_STOP_REASON
    }
    __builtin_unreachable();
}

}  // namespace footfall
