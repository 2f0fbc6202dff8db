// Why an event became nothing: bpf/contract/drop_reasons.def as a type, so that both sides count under the same names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

namespace footfall {

enum class DropReason : std::uint8_t {
#define FF_DROP(enumerator, text, help) enumerator,
#include "bpf/contract/drop_reasons.def"
#undef FF_DROP
};

constexpr DropReason kAllDropReasons[] = {
#define FF_DROP(enumerator, text, help) DropReason::enumerator,
#include "bpf/contract/drop_reasons.def"
#undef FF_DROP
};
constexpr std::size_t kDropReasons = std::size(kAllDropReasons);

// As users see it: "ring_full".
constexpr std::string_view name(DropReason reason) {
    switch (reason) {
#define FF_DROP(enumerator, text, help) \
    case DropReason::enumerator:        \
        return text;
#include "bpf/contract/drop_reasons.def"
#undef FF_DROP
    }
    __builtin_unreachable();
}

}  // namespace footfall
