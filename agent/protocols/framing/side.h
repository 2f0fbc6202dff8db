// Which of a connection's two streams it is, by what it carries.
#pragma once

#include <cstdint>

namespace footfall {

enum class Side : std::uint8_t { kRequests, kReplies };

}  // namespace footfall
