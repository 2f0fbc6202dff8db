// A path of an API description, as the naming of operations would have it (agent/usage).
#pragma once

#include <string>
#include <string_view>

#include "agent/base/result.h"

namespace footfall {

// "/orders/{orderId}" stays as it is. What frameworks write for a rest ({proxy+}, {path*}, {name=**}, **) becomes {...}, a
// placeholder loses its pattern ({id:[0-9]+}), and fixed text that looks like a value becomes what values are named:
// /files/{id} for /files/2024. Fails with what is wrong; the query, if there is one, is left out.
[[nodiscard]] Result<std::string> named_template(std::string_view path);

}  // namespace footfall
