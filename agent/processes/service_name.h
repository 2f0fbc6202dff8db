// What the service of a process is called. A pure function of what is known about it.
#pragma once

#include <string>
#include <string_view>

#include "agent/processes/proc_fs.h"

namespace footfall {

constexpr std::size_t kMaxServiceName = 128;  // bytes

// The first that there is of: the name it declares (OTEL_SERVICE_NAME), its container ("container:" and 12 hex digits), its
// systemd unit, its executable. An interpreter is named with what it runs: "python3:http.server", "node:app.js",
// "java:shop.jar". Always printable, never empty, at most kMaxServiceName bytes.
std::string service_name(const ProcessFacts& facts);

// The same text, made fit for a terminal and a label: whatever is no valid UTF-8, moves the cursor or turns the writing
// direction becomes '?', and it ends before the character that would not fit.
std::string printable_name(std::string_view text, std::size_t limit = kMaxServiceName);

}  // namespace footfall
