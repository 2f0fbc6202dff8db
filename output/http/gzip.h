// Gzip for what goes over HTTP: at the fastest level, because a scrape should cost little and metrics shrink well at any.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace footfall {

// Nothing if there is no memory for it.
[[nodiscard]] std::optional<std::string> gzip(std::string_view bytes);

}  // namespace footfall
