// Functions as people read them in a terminal: which were called, how often and how long, and which never.
#pragma once

#include <cstddef>
#include <string>

#include "output/session/snapshot.pb.h"
#include "output/table/terminal_text.h"

namespace footfall {

struct FunctionsView {
    bool unused = false;    // names those that were never called, instead of the others
    bool explain = false;   // where calls are counted, and what that costs
    bool files = false;     // a line for each file: which libraries are used at all
    std::size_t most = 50;  // rows of a file; 0: all
};

// Ends with a newline.
[[nodiscard]] std::string functions_text(const Snapshot& snapshot, const FunctionsView& view, const TerminalStyle& style);

}  // namespace footfall
