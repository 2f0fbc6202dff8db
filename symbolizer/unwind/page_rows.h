// Looks up an address among the rows of its page, as the probe does.
#pragma once

#include <cstdint>
#include <span>

#include "bpf/contract/unwind_table.h"

namespace footfall {

// The row that holds for an address of that page, or nullptr if its first row lies above.
[[nodiscard]] const ff_unwind_row* find_row(std::span<const ff_unwind_row> page_rows, std::uint64_t address);

}  // namespace footfall
