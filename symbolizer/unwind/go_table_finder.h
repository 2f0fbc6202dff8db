// Finds Go's function table in an executable or library: by its section or, in a file without sections, by how it begins;
// and the start of the text that its addresses count from, which newer tables leave out.
//
// The file is not trusted. Time: linear in its size. Threads: any; no state.
#pragma once

#include <optional>

#include "symbolizer/unwind/go_table_reader.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {

// nullopt: the file has none, or not one that belongs to its code. The table's text_start is set where its format needs it.
std::optional<GoTablePlace> find_go_table(FileBlocks& file, const UnwindSections& sections);

}  // namespace footfall
