#include "symbolizer/dwarf/line_reader.h"

#include <limits>

namespace footfall {
namespace {

constexpr std::size_t kLibdwLineBytes = 48;

}  // namespace

std::uint32_t FileNumbers::number_of(const char* name) {
    if (name == nullptr) return 0;
    const auto [known, is_new] = known_.try_emplace(name, static_cast<std::uint32_t>(numbered_.size()));
    if (is_new) numbered_.push_back(names_.keep(name, directory_));
    return known->second;
}

std::uint32_t FileNumbers::number_at(std::uint64_t index) {
    if (table_ == nullptr || index >= size_) return 0;
    return number_of(dwarf_filesrc(table_, index, nullptr, nullptr));
}

void LineReader::read(Dwarf_Die& unit_entry) {
    Dwarf_Lines* lines = nullptr;
    std::size_t count = 0;
    if (dwarf_getsrclines(&unit_entry, &lines, &count) != 0) return;
    unit_.decoder_bytes_ += count * kLibdwLineBytes;
    unit_.row_starts_.reserve(count / 2);
    unit_.rows_.reserve(count / 2);
    CodeRange code;  // that the row before was in
    for (std::size_t i = 0; i < count; ++i) {
        Dwarf_Line* line = dwarf_onesrcline(lines, i);
        Dwarf_Addr address = 0;
        int number = 0;
        bool ends = false;
        if (dwarf_lineaddr(line, &address) != 0 || dwarf_lineendsequence(line, &ends) != 0) continue;
        if (address < unit_.base_ || address - unit_.base_ > std::numeric_limits<std::uint32_t>::max()) continue;
        if (!ends && (address < code.start || address >= code.end)) {
            const CodeRange* range = code_range_of(code_, address);
            if (range == nullptr) continue;
            code = *range;
        }
        dwarf_lineno(line, &number);
        Unit::Row row{Unit::kNothing, 0};
        if (!ends) row = {files_.number_of(dwarf_linesrc(line, nullptr, nullptr)), static_cast<std::uint32_t>(number)};
        add(static_cast<std::uint32_t>(address - unit_.base_), row);
    }
}

// Rows come sorted by address; of those at one address, the last one counts.
void LineReader::add(std::uint32_t offset, Unit::Row row) {
    auto& starts = unit_.row_starts_;
    auto& rows = unit_.rows_;
    if (!starts.empty() && starts.back() == offset) {
        starts.pop_back();
        rows.pop_back();
    }
    if (!rows.empty() && rows.back().file == row.file && rows.back().line == row.line) return;
    starts.push_back(offset);
    rows.push_back(row);
}

}  // namespace footfall
