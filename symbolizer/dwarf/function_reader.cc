#include "symbolizer/dwarf/function_reader.h"

#include <dwarf.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "symbolizer/dwarf/line_reader.h"

namespace footfall {
namespace {

constexpr unsigned kMaxDepth = 2000;  // entries within entries

std::uint64_t number_attribute(Dwarf_Die& entry, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (dwarf_attr(&entry, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0) return 0;
    return value;
}

}  // namespace

void FunctionReader::read(Dwarf_Die& unit_entry) {
    read_children(unit_entry, Unit::kNothing, 0);
    flatten();
}

void FunctionReader::read_children(Dwarf_Die& entry, std::uint32_t parent, unsigned depth) {
    Dwarf_Die child;
    if (depth > kMaxDepth || dwarf_child(&entry, &child) != 0) return;
    do {
        // Entries lie in the order in which they are walked through; a sibling that leads back into children would have them
        // read twice, and theirs four times.
        const std::uint64_t offset = dwarf_dieoffset(&child);
        if (offset <= last_entry_) return;
        last_entry_ = offset;
        read_entry(child, parent, depth);
    } while (dwarf_siblingof(&child, &child) == 0);
}

void FunctionReader::read_entry(Dwarf_Die& entry, std::uint32_t parent, unsigned depth) {
    switch (dwarf_tag(&entry)) {
        case DW_TAG_subprogram:
            // Without code it is a declaration, or the common part of its copies; functions of its local classes may have
            // some.
            parent = Unit::kNothing;
            if (add_function(entry, parent, depth)) parent = static_cast<std::uint32_t>(unit_.functions_.size() - 1);
            read_children(entry, parent, depth + 1);
            break;
        case DW_TAG_inlined_subroutine:
            if (add_function(entry, parent, depth)) parent = static_cast<std::uint32_t>(unit_.functions_.size() - 1);
            read_children(entry, parent, depth + 1);
            break;
        case DW_TAG_lexical_block:
        case DW_TAG_try_block:
        case DW_TAG_catch_block:
        case DW_TAG_with_stmt:
        case DW_TAG_namespace:
        case DW_TAG_module:
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type:
            read_children(entry, parent, depth + 1);
            break;
        default:  // has no code
            break;
    }
}

bool FunctionReader::add_function(Dwarf_Die& entry, std::uint32_t parent, unsigned depth) {
    const auto index = static_cast<std::uint32_t>(unit_.functions_.size());
    const std::size_t known = intervals_.size();
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    for (std::ptrdiff_t at = 0; ranges_left_ > 0 && (at = dwarf_ranges(&entry, at, &base, &start, &end)) > 0;) {
        --ranges_left_;
        if (start >= end || start < unit_.base_ || end - unit_.base_ > std::numeric_limits<std::uint32_t>::max()) continue;
        if (code_range_of(code_, start) == nullptr) continue;
        intervals_.push_back(
            {static_cast<std::uint32_t>(start - unit_.base_), static_cast<std::uint32_t>(end - unit_.base_), index, depth});
    }
    if (intervals_.size() == known) return false;
    Unit::Function function;
    function.entry = dwarf_dieoffset(&entry);
    function.parent = parent;
    if (parent != Unit::kNothing) {
        function.call_file = files_.number_at(number_attribute(entry, DW_AT_call_file));
        function.call_line = static_cast<std::uint32_t>(number_attribute(entry, DW_AT_call_line));
    }
    unit_.functions_.push_back(function);
    return true;
}

// From intervals that lie within each other, who has the addresses in between: the innermost.
void FunctionReader::flatten() {
    std::sort(intervals_.begin(), intervals_.end(),
              [](const Interval& a, const Interval& b) { return std::tie(a.start, a.depth) < std::tie(b.start, b.depth); });
    auto& starts = unit_.function_starts_;
    auto& owners = unit_.function_owners_;
    const auto change = [&](std::uint32_t address, std::uint32_t owner) {
        if (!starts.empty() && starts.back() == address) {
            starts.pop_back();
            owners.pop_back();
        }
        starts.push_back(address);
        owners.push_back(owner);
    };
    std::vector<const Interval*> active;  // innermost last
    const auto end_until = [&](std::uint32_t address) {
        while (!active.empty() && active.back()->end <= address) {
            const std::uint32_t end = active.back()->end;
            while (!active.empty() && active.back()->end <= end) active.pop_back();
            change(end, active.empty() ? Unit::kNothing : active.back()->function);
        }
    };
    for (const Interval& interval : intervals_) {
        end_until(interval.start);
        active.push_back(&interval);
        change(interval.start, interval.function);
    }
    end_until(std::numeric_limits<std::uint32_t>::max());
}

}  // namespace footfall
