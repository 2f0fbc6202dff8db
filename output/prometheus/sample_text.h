// What the two text formats share.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/prometheus/client/metrics.pb.h"

namespace footfall {

// The shortest text that reads back as the same double; "+Inf", "-Inf", "NaN".
[[nodiscard]] std::string number_text(double value);

// Backslash and newline escaped, and the double quote where the place needs it.
[[nodiscard]] std::string escaped_text(std::string_view text, bool quotes);

// `name{labels} value\n`. `bound`: the value of the label le; empty for none.
void append_sample(std::string& out, std::string_view name, const io::prometheus::client::Metric& metric,
                   std::string_view bound, std::string_view value);

}  // namespace footfall
