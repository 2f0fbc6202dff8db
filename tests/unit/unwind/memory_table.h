// An unwind table in memory, for tests: holds what the builder streams, and answers by address.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <span>
#include <vector>

#include "symbolizer/unwind/page_rows.h"
#include "symbolizer/unwind/table_builder.h"

namespace footfall {

class MemoryTable final : public TableSink {
public:
    Result<void> on_page(std::uint64_t number, std::span<const ff_unwind_row> rows) override {
        ascending = ascending && (pages.empty() || number > pages.rbegin()->first);
        pages[number].assign(rows.begin(), rows.end());
        return {};
    }

    // The row that holds for an ELF virtual address; nullptr where there is no page.
    [[nodiscard]] const ff_unwind_row* row_at(std::uint64_t address) const {
        const auto page = pages.find(address >> FF_UNWIND_PAGE_SHIFT);
        return page == pages.end() ? nullptr : find_row(page->second, address);
    }

    // visit(row, begin, end): each row with the addresses that it holds for.
    template <typename Visit>
    void for_each_extent(Visit visit) const {
        constexpr std::uint64_t kPageBytes = FF_UNWIND_PAGE_BYTES;
        for (const auto& [number, rows] : pages) {
            const std::uint64_t page = number * kPageBytes;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                visit(rows[i], page + rows[i].address, page + (i + 1 < rows.size() ? rows[i + 1].address : kPageBytes));
            }
        }
    }

    bool ascending = true;
    std::map<std::uint64_t, std::vector<ff_unwind_row>> pages;
};

}  // namespace footfall

inline bool operator==(const ff_unwind_row& a, const ff_unwind_row& b) {
    return a.address == b.address && a.cfa == b.cfa && a.rbp == b.rbp && a.rbx == b.rbx && a.offset == b.offset;
}

inline void PrintTo(const ff_unwind_row& row, std::ostream* out) {
    *out << "{address " << row.address << ", cfa " << int{row.cfa} << ", rbp " << int{row.rbp} << ", rbx " << int{row.rbx}
         << ", offset " << row.offset << "}";
}
