#include "symbolizer/unwind/page_rows.h"

namespace {

// search.h knows the page only; its rows come with it.
struct PageOfRows : ff_unwind_page {
    std::span<const ff_unwind_row> all;
};

const ff_unwind_row* row_of_page(const ff_unwind_page* page, std::uint32_t index) {
    const auto& all = static_cast<const PageOfRows*>(page)->all;
    return index < all.size() ? &all[index] : nullptr;
}

}  // namespace

#define ff_row_at(index) row_of_page(page, index)  // NOLINT(readability-identifier-naming)
#include "bpf/unwind/search.h"

namespace footfall {

const ff_unwind_row* find_row(std::span<const ff_unwind_row> page_rows, std::uint64_t address) {
    PageOfRows page{};
    page.rows = static_cast<std::uint32_t>(page_rows.size());
    page.all = page_rows;
    return ff_find_row(&page, address);
}

}  // namespace footfall
