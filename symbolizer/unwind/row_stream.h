// Turns a stream of (address, rule), ascending, into the pages of an unwind table: merges equal neighbours, begins every
// page with a row, and counts. Holds one page.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "agent/base/result.h"
#include "symbolizer/unwind/cfa_rules.h"
#include "symbolizer/unwind/table_sink.h"
#include "symbolizer/unwind/unwind_sections.h"

namespace footfall {

struct RowCounts {
    std::uint64_t pages = 0;
    std::uint64_t rows = 0;
    std::uint64_t unsupported = 0;  // rows of FF_CFA_UNSUPPORTED
    std::uint64_t rbp_unknown = 0;  // rows of FF_RBP_UNKNOWN
    std::uint64_t none = 0;         // rows of FF_CFA_NONE
};

class RowStream {
public:
    // code: ascending. Pages without any of it get no rows, unless rules other than FF_CFA_NONE are added there.
    RowStream(TableSink& sink, std::span<const AddressRange> code);

    // The rule holds from the address up to that of the next call. Addresses that descend are ignored.
    void add(std::uint64_t address, RowRule rule);

    // The last rule holds up to `end`. Returns the sink's first error, if it had one.
    Result<RowCounts> finish(std::uint64_t end);

    // The sink has failed: the rest is work for nothing.
    [[nodiscard]] bool failed() const { return error_.has_value(); }

private:
    void open(std::uint64_t page);
    void close();
    void go_to(std::uint64_t page);
    [[nodiscard]] bool has_code(std::uint64_t page);

    TableSink& sink_;
    std::span<const AddressRange> code_;
    std::uint64_t page_;
    RowRule last_;
    std::vector<ff_unwind_row> rows_;
    RowCounts counts_;
    std::optional<Error> error_;
};

}  // namespace footfall
