// The files of this folder that make up the page, as text (embed_parts.cmake writes them into the program).
#pragma once

#include <string_view>

namespace footfall {

extern const std::string_view kPageHtml;  // with {{csp}}, {{style}}, {{data}} and {{script}} in it
extern const std::string_view kFlameStyleCss;
extern const std::string_view kFlameTreeJs;
extern const std::string_view kFlameDrawJs;
extern const std::string_view kFlamePageJs;

}  // namespace footfall
