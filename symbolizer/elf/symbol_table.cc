#include "symbolizer/elf/symbol_table.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "symbolizer/elf/function_symbols.h"

namespace footfall {
namespace {

// Better names for the same address sort last, so that they come to lie on top.
bool comes_before(const RawSymbol& a, const RawSymbol& b) {
    return std::forward_as_tuple(a.address, b.binding, a.size, b.name.size(), b.name) <
           std::forward_as_tuple(b.address, a.binding, b.size, a.name.size(), a.name);
}

// From the addresses where functions begin and end, who has the bytes in between.
class Sweep {
public:
    struct Change {
        std::uint64_t address = 0;
        const RawSymbol* owner = nullptr;  // null: nobody
    };

    void begin(const RawSymbol& symbol) {
        end_all_until(symbol.address);
        active_.push_back(&symbol);
        change(symbol.address, &symbol);
    }
    std::vector<Change> finish() {
        end_all_until(~std::uint64_t{0});
        return std::move(changes_);
    }

private:
    static std::uint64_t end_of(const RawSymbol& symbol) { return symbol.address + symbol.size; }

    void end_all_until(std::uint64_t address) {
        while (!active_.empty() && end_of(*active_.back()) <= address) {
            const std::uint64_t end = end_of(*active_.back());
            while (!active_.empty() && end_of(*active_.back()) <= end) active_.pop_back();
            change(end, active_.empty() ? nullptr : active_.back());
        }
    }
    void change(std::uint64_t address, const RawSymbol* owner) {
        if (!changes_.empty() && changes_.back().address == address) changes_.pop_back();
        if (!changes_.empty() && changes_.back().owner == owner) return;
        changes_.push_back({address, owner});
    }

    std::vector<const RawSymbol*> active_;  // innermost last
    std::vector<Change> changes_;
};

using Changes = std::vector<Sweep::Change>;

// Lets symbols without a sure size take what nobody has. Both are sorted by address.
Changes with_gaps_filled(const Changes& changes, std::span<const RawSymbol> fillers) {
    Changes filled;
    const auto add = [&filled](std::uint64_t address, const RawSymbol* owner) {
        if (!filled.empty() && filled.back().address == address) filled.pop_back();
        filled.push_back({address, owner});
    };
    std::size_t next_filler = 0;
    // Fills [from, to), which nobody has.
    const auto fill = [&](std::uint64_t from, std::uint64_t to) {
        while (next_filler < fillers.size() && fillers[next_filler].address < from) ++next_filler;
        for (; next_filler < fillers.size() && fillers[next_filler].address < to; ++next_filler) {
            const RawSymbol& filler = fillers[next_filler];
            add(filler.address, &filler);
            const std::uint64_t reach = filler.size > 0 ? filler.address + filler.size : filler.limit;
            const bool next_is_nearer = next_filler + 1 < fillers.size() && fillers[next_filler + 1].address <= reach;
            if (!next_is_nearer && reach < to) add(reach, nullptr);
        }
    };
    fill(0, changes.empty() ? ~std::uint64_t{0} : changes.front().address);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        add(changes[i].address, changes[i].owner);
        if (changes[i].owner != nullptr) continue;
        fill(changes[i].address, i + 1 < changes.size() ? changes[i + 1].address : ~std::uint64_t{0});
    }
    return filled;
}

// Splits off the symbols of a kind; of those at one address, only the best is kept.
std::vector<RawSymbol> best_of_kind(std::span<const RawSymbol> symbols, SymbolKind kind) {
    std::vector<RawSymbol> best;
    for (const RawSymbol& symbol : symbols) {
        if (symbol.kind != kind) continue;
        if (!best.empty() && best.back().address == symbol.address) best.pop_back();
        best.push_back(symbol);
    }
    return best;
}

}  // namespace

class SymbolTableBuilder {
public:
    explicit SymbolTableBuilder(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    tl::expected<SymbolTable, Miss> build(std::vector<RawSymbol> symbols) {
        if (symbols.empty()) return tl::unexpected(Miss::kStripped);
        std::sort(symbols.begin(), symbols.end(), comes_before);
        Sweep sweep;
        for (const RawSymbol& symbol : symbols) {
            if (symbol.kind == SymbolKind::kSizedFunction) sweep.begin(symbol);
        }
        const auto unsized_functions = best_of_kind(symbols, SymbolKind::kUnsizedFunction);
        const auto untyped = best_of_kind(symbols, SymbolKind::kUntyped);
        return index(with_gaps_filled(with_gaps_filled(sweep.finish(), unsized_functions), untyped));
    }

private:
    tl::expected<SymbolTable, Miss> index(const Changes& changes) {
        if (changes.empty()) return tl::unexpected(Miss::kStripped);
        table_.base_ = changes.front().address;
        table_.starts_.reserve(changes.size());
        table_.owners_.reserve(changes.size());
        for (const Sweep::Change& change : changes) {
            const std::uint64_t start = change.address - table_.base_;
            if (start > ~std::uint32_t{0}) break;  // no linker spreads code this far
            table_.starts_.push_back(static_cast<std::uint32_t>(start));
            table_.owners_.push_back(change.owner != nullptr ? index_of(*change.owner) : SymbolTable::kNobody);
            if (table_.bytes() > max_bytes_) return tl::unexpected(Miss::kTooLarge);
        }
        table_.functions_.shrink_to_fit();
        table_.names_.shrink_to_fit();
        return std::move(table_);
    }

    std::uint32_t index_of(const RawSymbol& symbol) {
        const auto [known, is_new] = indexes_.try_emplace(&symbol, static_cast<std::uint32_t>(table_.functions_.size()));
        if (is_new) {
            const auto name = static_cast<std::uint32_t>(table_.names_.size());
            table_.functions_.push_back({static_cast<std::uint32_t>(symbol.address - table_.base_), name});
            table_.names_.append(symbol.name).push_back('\0');
        }
        return known->second;
    }

    std::size_t max_bytes_;
    SymbolTable table_;
    std::unordered_map<const RawSymbol*, std::uint32_t> indexes_;
};

tl::expected<SymbolTable, Miss> SymbolTable::read(const ElfFile& file, std::size_t max_bytes) {
    const FunctionSymbols found(file, max_bytes);
    return SymbolTableBuilder(max_bytes).build(found.symbols());
}

tl::expected<FunctionSymbol, Miss> SymbolTable::find(std::uint64_t address) const {
    const std::uint64_t offset = address - base_;
    if (starts_.empty() || address < base_ || offset > ~std::uint32_t{0}) return tl::unexpected(Miss::kOutsideOfSymbols);
    // The last start at or below the offset; the first is 0, so there is one.
    const std::uint32_t* at = starts_.data();
    for (std::size_t count = starts_.size(); count > 1;) {
        const std::size_t half = count / 2;
        at = at[half] <= offset ? at + half : at;
        count -= half;
    }
    const std::uint32_t owner = owners_[static_cast<std::size_t>(at - starts_.data())];
    if (owner == kNobody) return tl::unexpected(Miss::kOutsideOfSymbols);
    const Function& function = functions_[owner];
    return FunctionSymbol{names_.data() + function.name, base_ + function.start};
}

std::size_t SymbolTable::bytes() const {
    return (starts_.capacity() + owners_.capacity()) * sizeof(std::uint32_t) + functions_.capacity() * sizeof(Function) +
           names_.capacity();
}

}  // namespace footfall
