// Holds whoever builds an unwind table to the promises of TableSink, and hands the pages on.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>

#include "symbolizer/unwind/page_rows.h"
#include "symbolizer/unwind/table_sink.h"

namespace footfall {

class CheckingSink final : public TableSink {
public:
    explicit CheckingSink(TableSink& next) : next_(next) {}

    Result<void> on_page(std::uint64_t number, std::span<const ff_unwind_row> rows) override {
        if ((page_ && number <= *page_) || rows.empty() || rows.front().address != 0) std::abort();
        page_ = number;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].cfa > FF_CFA_UNSUPPORTED) std::abort();
            if (i > 0 && rows[i].address <= rows[i - 1].address) std::abort();
        }
        if (find_row(rows, 0xffff) != &rows.back()) std::abort();
        return next_.on_page(number, rows);
    }

private:
    TableSink& next_;
    std::optional<std::uint64_t> page_;
};

}  // namespace footfall
