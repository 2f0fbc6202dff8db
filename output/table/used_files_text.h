// Which of the files that programs load are used at all: a line for each, by how many of its functions were called.
#pragma once

#include <string>

#include "output/session/snapshot.pb.h"
#include "output/table/terminal_text.h"

namespace footfall {

// Ends with a newline. What the loader calls of every file (_init and the like) is no use of it.
[[nodiscard]] std::string used_files_text(const Snapshot& snapshot, const TerminalStyle& style);

}  // namespace footfall
