// The closed set of HTTP methods that OpenTelemetry names; whatever else a client sends can't add a name of its own.
#pragma once

#include <string_view>

namespace footfall {

constexpr std::string_view kOtherMethod = "_OTHER";

// The method itself where it is a standard one, else kOtherMethod. Methods are case-sensitive (RFC 9110): "get" is another.
// The result is static text.
[[nodiscard]] std::string_view standard_method(std::string_view method);

}  // namespace footfall
