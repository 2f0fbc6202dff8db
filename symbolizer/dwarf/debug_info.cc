#include "symbolizer/dwarf/debug_info.h"

#include <list>
#include <unordered_map>
#include <utility>

#include "symbolizer/dwarf/dwarf_file.h"
#include "symbolizer/dwarf/unit.h"
#include "symbolizer/dwarf/unit_index.h"

namespace footfall {

struct DebugInfo::State {
    State(DwarfFile opened, std::size_t limit)
        : file(std::move(opened)), code(code_ranges(file.elf())), index(file, code), max_bytes(limit) {}

    // The unit that has the address; null: none.
    Unit* unit_of(std::uint64_t address);
    Unit& add_unit(std::uint64_t offset);
    void drop_old_units();

    struct Entry {
        std::uint64_t offset = 0;
        Unit unit;
    };
    DwarfFile file;
    std::vector<CodeRange> code;
    UnitIndex index;
    FileNames names;
    std::size_t max_bytes;
    std::list<Entry> units;  // the most recently used first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_offset;
    std::size_t unit_bytes = 0;
    std::size_t decoder_bytes = 0;
};

Unit* DebugInfo::State::unit_of(std::uint64_t address) {
    const auto offset = index.find(address);
    if (!offset || file.handle() == nullptr) return nullptr;
    const auto known = by_offset.find(*offset);
    if (known == by_offset.end()) return &add_unit(*offset);
    units.splice(units.begin(), units, known->second);
    return &known->second->unit;
}

Unit& DebugInfo::State::add_unit(std::uint64_t offset) {
    units.push_front({offset, Unit(file, offset, code, names)});
    by_offset[offset] = units.begin();
    unit_bytes += units.front().unit.bytes();
    decoder_bytes += units.front().unit.decoder_bytes();
    drop_old_units();
    return units.front().unit;
}

// What libdw decoded is of no more use once the unit is built, but it is dear to begin again: not after every unit.
void DebugInfo::State::drop_old_units() {
    while (units.size() > 1 && unit_bytes > max_bytes) {
        unit_bytes -= units.back().unit.bytes();
        by_offset.erase(units.back().offset);
        units.pop_back();
    }
    if (decoder_bytes <= max_bytes) return;
    file.forget();
    decoder_bytes = 0;
}

tl::expected<DebugInfo, Miss> DebugInfo::open(int file, int alt, std::size_t max_bytes) {
    auto opened = DwarfFile::open(file, alt);
    if (!opened) return tl::unexpected(opened.error());
    return DebugInfo(std::make_unique<State>(std::move(*opened), max_bytes));
}

DebugInfo::DebugInfo(std::unique_ptr<State> state) : state_(std::move(state)) {}
DebugInfo::DebugInfo(DebugInfo&& other) noexcept = default;
DebugInfo& DebugInfo::operator=(DebugInfo&& other) noexcept = default;
DebugInfo::~DebugInfo() = default;

void DebugInfo::find(std::uint64_t address, std::vector<DebugFrame>& frames) {
    if (Unit* unit = state_->unit_of(address)) unit->find(state_->file, address, frames);
}

std::size_t DebugInfo::bytes() const {
    return state_->unit_bytes + state_->decoder_bytes + state_->index.bytes() + state_->names.bytes();
}

}  // namespace footfall
