// The page at `/`: what this is, and where the rest is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "output/http/http_message.h"

namespace footfall {

struct LandingLink {
    std::string path;
    std::string title;
};

[[nodiscard]] HttpResponse landing_page(std::string_view version, const std::vector<LandingLink>& links);

}  // namespace footfall
