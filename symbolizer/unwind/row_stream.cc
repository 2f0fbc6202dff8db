#include "symbolizer/unwind/row_stream.h"

#include <algorithm>

namespace footfall {
namespace {

constexpr std::uint64_t kPageBytes = FF_UNWIND_PAGE_BYTES;
static_assert(FF_UNWIND_PAGE_BYTES <= 1 << 12 && FF_CFA_UNSUPPORTED < 1 << 4, "the fields of a row");

ff_unwind_row row_at(std::uint64_t address, RowRule rule) {
    return {static_cast<__u16>(address % kPageBytes), rule.cfa, rule.rbp, rule.rbx, rule.offset};
}

RowRule rule_of(const ff_unwind_row& row) { return {static_cast<std::uint8_t>(row.cfa), row.rbp, row.offset, row.rbx}; }

}  // namespace

RowStream::RowStream(TableSink& sink, std::span<const AddressRange> code)
    : sink_(sink), code_(code), page_(code.empty() ? 0 : code.front().begin / kPageBytes) {
    open(page_);
}

void RowStream::add(std::uint64_t address, RowRule rule) {
    const std::uint64_t page = address / kPageBytes;
    if (page < page_ || (page == page_ && address % kPageBytes < rows_.back().address)) return;
    go_to(page);
    last_ = rule;
    if (rows_.back().address != address % kPageBytes) {
        if (rule_of(rows_.back()) != rule) rows_.push_back(row_at(address, rule));
        return;
    }
    rows_.back() = row_at(address, rule);
    if (rows_.size() > 1 && rule_of(rows_[rows_.size() - 2]) == rule) rows_.pop_back();
}

Result<RowCounts> RowStream::finish(std::uint64_t end) {
    if (end > 0) go_to((end - 1) / kPageBytes);
    close();
    if (error_) return tl::unexpected(*error_);
    return counts_;
}

void RowStream::go_to(std::uint64_t page) {
    while (page_ < page && !error_) {
        close();
        // Without code and without a rule there is nothing to say up to the next code.
        if (last_ == RowRule{} && !code_.empty() && code_.front().begin / kPageBytes > page_ + 1)
            page_ = std::min(page, code_.front().begin / kPageBytes) - 1;
        open(page_ + 1);
    }
}

void RowStream::open(std::uint64_t page) {
    page_ = page;
    rows_.assign(1, row_at(0, last_));
}

void RowStream::close() {
    if (error_ || (!has_code(page_) && rows_.size() == 1 && rows_.front().cfa == FF_CFA_NONE)) return;
    ++counts_.pages;
    counts_.rows += rows_.size();
    for (const ff_unwind_row& row : rows_) {
        counts_.unsupported += row.cfa == FF_CFA_UNSUPPORTED ? 1 : 0;
        counts_.rbp_unknown += row.rbp == FF_RBP_UNKNOWN ? 1 : 0;
        counts_.none += row.cfa == FF_CFA_NONE ? 1 : 0;
    }
    if (auto taken = sink_.on_page(page_, rows_); !taken) error_ = taken.error();
}

// Pages are asked for in ascending order, so code that lies below is done with.
bool RowStream::has_code(std::uint64_t page) {
    while (!code_.empty() && (code_.front().end - 1) / kPageBytes < page) code_ = code_.subspan(1);
    return !code_.empty() && code_.front().begin / kPageBytes <= page;
}

}  // namespace footfall
