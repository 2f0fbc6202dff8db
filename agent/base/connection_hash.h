// For tables by connection. The kernel side numbers connections per CPU: the bits that differ may be anywhere.
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/base/ids.h"

namespace footfall {

struct ConnectionHash {
    std::size_t operator()(ConnectionId id) const {
        const std::uint64_t mixed = number(id) * 0x9E3779B97F4A7C15;
        return mixed ^ (mixed >> 32U);
    }
};

}  // namespace footfall
