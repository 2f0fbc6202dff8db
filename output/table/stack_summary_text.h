// What the usage table says of stacks: a line on how complete they are, and for each service the functions that had the CPU
// and the places where it waited, most time first.
#pragma once

#include <string>

#include "output/session/snapshot.pb.h"
#include "output/table/terminal_text.h"

namespace footfall {

// "stacks     99.6% of 1,234 complete (7.5% with guesses), 1.2% of frames guessed; stops: no_table 4, too_deep 1\n"
[[nodiscard]] std::string stack_completeness_line(const Stacks& stacks, const TerminalStyle& style);

// "" where there is no sample. Begins with an empty line.
[[nodiscard]] std::string stack_summary_text(const Stacks& stacks, const TerminalStyle& style);

}  // namespace footfall
