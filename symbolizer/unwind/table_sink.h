// Where an unwind table goes while it is built: page by page, so that nobody has to hold it whole.
#pragma once

#include <cstdint>
#include <span>

#include "agent/base/result.h"
#include "bpf/contract/unwind_table.h"

namespace footfall {

class TableSink {
public:
    virtual ~TableSink() = default;

    // Pages come in ascending order, only those that have code. number: address >> FF_UNWIND_PAGE_SHIFT. The first row is
    // at address 0 of the page, addresses ascend strictly, and neighbours differ. The rows are valid during the call.
    // An error ends the building, and is what it answers.
    virtual Result<void> on_page(std::uint64_t number, std::span<const ff_unwind_row> rows) = 0;
};

}  // namespace footfall
