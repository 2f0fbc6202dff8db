#include "symbolizer/dwarf/unit.h"

#include <dwarf.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "symbolizer/dwarf/function_reader.h"
#include "symbolizer/dwarf/line_reader.h"

namespace footfall {
namespace {

constexpr std::size_t kNodeOverhead = 64;
constexpr std::size_t kMaxChain = 2000;

// The last start at or below the offset, as an index; the number of starts where there is none.
std::size_t last_at_or_below(const std::vector<std::uint32_t>& starts, std::uint32_t offset) {
    const auto after = std::upper_bound(starts.begin(), starts.end(), offset);
    return after == starts.begin() ? starts.size() : static_cast<std::size_t>(after - starts.begin()) - 1;
}

const char* text_attribute(Dwarf_Die& entry, unsigned name) {
    Dwarf_Attribute attribute;
    return dwarf_formstring(dwarf_attr_integrate(&entry, name, &attribute));
}

}  // namespace

std::string_view FileNames::keep(std::string_view name, std::string_view directory) {
    const std::filesystem::path path = directory / std::filesystem::path(name);  // an absolute name stays as it is
    const auto [kept, is_new] = names_.insert(path.lexically_normal().string());
    if (is_new) bytes_ += kNodeOverhead + kept->size();
    return *kept;
}

Unit::Unit(const DwarfFile& file, std::uint64_t offset, std::span<const CodeRange> code, FileNames& names) {
    Dwarf_Die entry;
    if (code.empty() || dwarf_offdie(file.handle(), offset, &entry) == nullptr) return;
    base_ = code.front().start;
    const char* directory = text_attribute(entry, DW_AT_comp_dir);
    FileNumbers files(files_, names, directory != nullptr ? directory : "");
    LineReader(*this, code, files).read(entry);
    Dwarf_Files* table = nullptr;
    std::size_t table_size = 0;
    if (dwarf_getsrcfiles(&entry, &table, &table_size) == 0) files.set_table(table, table_size);
    FunctionReader(*this, code, files, file.most_ranges()).read(entry);
    functions_.shrink_to_fit();
    row_starts_.shrink_to_fit();
    rows_.shrink_to_fit();
}

void Unit::find(const DwarfFile& file, std::uint64_t address, std::vector<DebugFrame>& frames) {
    if (address < base_ || address - base_ > std::numeric_limits<std::uint32_t>::max()) return;
    const auto offset = static_cast<std::uint32_t>(address - base_);
    DebugFrame place;
    if (const std::size_t row = last_at_or_below(row_starts_, offset); row < rows_.size() && rows_[row].file != kNothing) {
        place.file = files_[rows_[row].file];
        place.line = rows_[row].line;
    }
    const std::size_t at = last_at_or_below(function_starts_, offset);
    std::uint32_t index = at < function_owners_.size() ? function_owners_[at] : kNothing;
    if (index == kNothing && place.file.empty()) return;
    if (index == kNothing) frames.push_back(place);
    for (std::size_t depth = 0; index != kNothing && depth < kMaxChain; ++depth) {
        Function& function = functions_[index];
        place.function = name_of(file, function);
        frames.push_back(place);
        place = {{}, files_[function.call_file], function.call_line};
        index = function.parent;
    }
}

const char* Unit::name_of(const DwarfFile& file, Function& function) {
    if (function.name != nullptr) return function.name;
    Dwarf_Die entry;
    const char* name = nullptr;
    if (dwarf_offdie(file.handle(), function.entry, &entry) != nullptr) {
        name = text_attribute(entry, DW_AT_linkage_name);
        if (name == nullptr) name = text_attribute(entry, DW_AT_MIPS_linkage_name);
        if (name == nullptr) name = text_attribute(entry, DW_AT_name);
    }
    function.name = name != nullptr ? name : "";
    return function.name;
}

std::size_t Unit::bytes() const {
    return sizeof *this + functions_.capacity() * sizeof(Function) + rows_.capacity() * sizeof(Row) +
           (function_starts_.capacity() + function_owners_.capacity() + row_starts_.capacity()) * sizeof(std::uint32_t) +
           files_.capacity() * sizeof(std::string_view);
}

}  // namespace footfall
