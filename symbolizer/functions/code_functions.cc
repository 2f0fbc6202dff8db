#include "symbolizer/functions/code_functions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "agent/base/text.h"
#include "symbolizer/elf/elf_file.h"
#include "symbolizer/elf/entry_site.h"
#include "symbolizer/elf/function_symbols.h"
#include "symbolizer/elf/go_functions.h"
#include "symbolizer/elf/loaded_bytes.h"
#include "symbolizer/functions/name_patterns.h"
#include "symbolizer/functions/nearest_names.h"
#include "symbolizer/names/demangle.h"

namespace footfall {
namespace {

constexpr std::size_t kMostSymbolBytes = std::size_t{256} << 20;
constexpr std::size_t kMostAliases = 8;
constexpr std::size_t kMostLookedAt = std::size_t{1} << 18;  // bytes of a function

// By address; of one, better names first.
bool is_better_name(const RawSymbol& a, const RawSymbol& b) {
    return std::forward_as_tuple(a.address, a.kind, a.binding, b.size, a.name.size(), a.name) <
           std::forward_as_tuple(b.address, b.kind, b.binding, a.size, b.name.size(), b.name);
}

bool may_be_function(const RawSymbol& symbol) {
    return symbol.kind != SymbolKind::kUntyped || symbol.binding != SymbolBinding::kLocal;
}

// "foo.cold", "foo.cold.3"
bool is_part(std::string_view name) { return name.find(".cold") != std::string_view::npos; }

// The symbols of one address, of which the first names it, and where its code ends.
struct Entry {
    std::span<const RawSymbol> symbols;
    std::uint64_t end = 0;

    [[nodiscard]] const RawSymbol& best() const { return symbols.front(); }
};

std::vector<Entry> entries_of(std::span<const RawSymbol> symbols) {
    std::vector<Entry> entries;
    for (std::size_t begin = 0; begin < symbols.size();) {
        std::size_t end = begin + 1;
        while (end < symbols.size() && symbols[end].address == symbols[begin].address) ++end;
        const RawSymbol& best = symbols[begin];
        const std::uint64_t own_end = best.size > 0 ? best.address + best.size : best.limit;
        const std::uint64_t next = end < symbols.size() ? symbols[end].address : best.limit;
        entries.push_back({symbols.subspan(begin, end - begin), std::min(own_end, std::max(next, best.address))});
        begin = end;
    }
    return entries;
}

// "foo" of "foo.cold.3"
std::string_view whole_of(std::string_view part) { return part.substr(0, part.find(".cold")); }

// Where a file's functions are and where they are left.
class FunctionPlaces {
public:
    FunctionPlaces(const ElfFile& file, std::string_view bytes, std::span<const Entry> entries, const FunctionQuery& query,
                   const GoFunctions* go, Timing timing)
        : code_(file, bytes), entries_(entries), query_(query), go_(go), timing_(timing) {
        for (const ElfSection& section : file.sections()) {
            const GElf_Shdr& header = section.header;
            if (section.name.starts_with(".plt")) linkage_.push_back({header.sh_addr, header.sh_addr + header.sh_size});
        }
        if (go_ != nullptr && (timing_ == Timing::kByExits || query_.arguments > 0)) goroutine_ = goroutine_of_file();
    }

    void find(const Entry& entry, CodeFunction& function) const {
        if (is_of_go(function.address)) function.goroutine = goroutine_;
        function.no_site = find_site(entry, function);
        if (timing_ == Timing::kByExits && function.no_site == NoSite::kNone) find_exits_of(entry, function);
    }

private:
    NoSite find_site(const Entry& entry, CodeFunction& function) const {
        if (entry.best().indirect) return NoSite::kIndirect;
        if (is_part(entry.best().name)) return NoSite::kPart;
        const auto offset = code_.offset_of(entry.best().address);
        if (!offset) return NoSite::kNoSymbolCode;
        const Timing needed = timing_ == Timing::kNone && query_.by_caller ? Timing::kByReturn : timing_;
        const auto code = code_.at(*offset, std::min<std::uint64_t>(function.size, kMostLookedAt));
        if (query_.arguments > 0 && function.goroutine == Goroutine::kThread) return NoSite::kGoStack;
        const auto site = counting_site(code, needed, {query_.arguments, function.goroutine == Goroutine::kRegister});
        if (!site) return is_code(code) ? NoSite::kRefused : NoSite::kUnreadable;
        function.site = *site;
        function.file_offset = *offset + site->offset;
        return NoSite::kNone;
    }

    void find_exits_of(const Entry& entry, CodeFunction& function) const {
        const bool is_go = is_of_go(function.address);
        const auto exits = find_exits({span_of(entry), is_go, [&](std::uint64_t at) { return target_of(entry, at); }});
        if (!exits) {
            function.not_timed = exits.error();
            return;
        }
        for (const ExitSite& exit : *exits) {
            const auto offset = code_.offset_of(exit.address);
            if (offset) function.exits.push_back({*offset, exit.site_class, exit.place, exit.condition});
        }
    }

    [[nodiscard]] CodeSpan span_of(const Entry& entry) const {
        const std::uint64_t address = entry.best().address;
        const auto offset = code_.offset_of(address);
        return {address, offset ? code_.at(*offset, entry.end - address) : std::span<const std::uint8_t>()};
    }

    [[nodiscard]] JumpTarget target_of(const Entry& from, std::uint64_t address) const {
        const auto after = std::upper_bound(entries_.begin(), entries_.end(), address,
                                            [](std::uint64_t at, const Entry& entry) { return at < entry.best().address; });
        const Entry* at = after == entries_.begin() ? nullptr : &*std::prev(after);
        if (at == nullptr || address >= at->end)
            return {is_linkage(address) ? JumpTarget::Kind::kFunction : JumpTarget::Kind::kUnknown, {}};
        if (is_part_of(*at, from)) return {JumpTarget::Kind::kPart, span_of(*at)};
        const bool begins = address == at->best().address && !is_part(at->best().name);
        return {begins ? JumpTarget::Kind::kFunction : JumpTarget::Kind::kUnknown, {}};
    }

    static bool is_part_of(const Entry& part, const Entry& function) {
        return is_part(part.best().name) &&
               std::any_of(function.symbols.begin(), function.symbols.end(),
                           [&](const RawSymbol& symbol) { return symbol.name == whole_of(part.best().name); });
    }

    [[nodiscard]] bool is_linkage(std::uint64_t address) const {
        return std::any_of(linkage_.begin(), linkage_.end(),
                           [&](const CodeRange& range) { return address >= range.start && address < range.end; });
    }

    // Not so of what C has added to a program of Go.
    [[nodiscard]] bool is_of_go(std::uint64_t address) const {
        const auto function = go_ != nullptr ? go_->find(address) : std::nullopt;
        return function && function->start == address;
    }

    // As the first function does it that asks for room on its stack.
    [[nodiscard]] Goroutine goroutine_of_file() const {
        for (const Entry& entry : entries_) {
            if (!is_of_go(entry.best().address)) continue;
            if (begins_like_go(span_of(entry).bytes)) return Goroutine::kRegister;
            if (begins_like_old_go(span_of(entry).bytes)) return Goroutine::kThread;
        }
        return Goroutine::kRegister;
    }

    LoadedBytes code_;
    std::span<const Entry> entries_;
    const FunctionQuery& query_;
    const GoFunctions* go_;
    Timing timing_;
    Goroutine goroutine_ = Goroutine::kNone;
    std::vector<CodeRange> linkage_;
};

// Has the file, or does it ask for, what unwinds the stack?
bool has_unwinder(const ElfFile& file) {
    constexpr std::string_view kSigns[] = {"__cxa_throw", "_Unwind_RaiseException", "_Unwind_Resume", "__gxx_personality_v0",
                                           "rust_eh_personality"};
    for (const std::uint32_t type : {std::uint32_t{SHT_DYNSYM}, std::uint32_t{SHT_SYMTAB}}) {
        const ElfSection* section = file.section_of_type(type);
        Elf_Data* data = section != nullptr ? elf_getdata(section->handle, nullptr) : nullptr;
        if (data == nullptr || data->d_buf == nullptr || section->header.sh_entsize == 0) continue;
        GElf_Sym symbol;
        for (int i = 0; gelf_getsym(data, i, &symbol) != nullptr; ++i) {
            const char* text = elf_strptr(file.handle(), section->header.sh_link, symbol.st_name);
            if (text != nullptr && std::find(std::begin(kSigns), std::end(kSigns), text) != std::end(kSigns)) return true;
        }
    }
    return false;
}

// Which of a file's functions are meant, and the nearest names for when none is.
class Picking {
public:
    Picking(const FunctionQuery& query, const FunctionHelp& help)
        : query_(query), help_(help), names_(query.globs, query.regexes) {
        for (const std::string& glob : query.globs) nearest_.want(without_wildcards(glob));
        for (const std::string& regex : query.regexes) nearest_.want(longest_word(regex));
        for (const std::string& source : query.sources) nearest_sources_.want(without_wildcards(last_path_part(source)));
    }

    bool means(const CodeFunction& function, std::uint64_t address) {
        if (query_.means_all()) return true;
        const bool by_source = !query_.sources.empty() && means_source_of(address);
        return by_source || names_.match(function.name) ||
               std::any_of(function.aliases.begin(), function.aliases.end(),
                           [&](const std::string& alias) { return names_.match(alias); });
    }

    void offer(const std::string& name) { nearest_.offer(without_parameters(name), name); }

    void append_nearest(std::vector<std::string>& names) {
        nearest_.append_to(names);
        for (const std::string& source : sources_) nearest_sources_.offer(last_path_part(source), "@" + source);
        nearest_sources_.append_to(names);
    }

    [[nodiscard]] bool knows_sources() const { return !sources_.empty(); }

private:
    bool means_source_of(std::uint64_t address) {
        const std::string_view source = help_.source_of ? help_.source_of(address) : std::string_view();
        if (source.empty()) return false;
        sources_.emplace(source);
        return std::any_of(query_.sources.begin(), query_.sources.end(),
                           [&](const std::string& glob) { return matches_source(glob, source); });
    }

    const FunctionQuery& query_;
    const FunctionHelp& help_;
    NamePatterns names_;
    NearestNames nearest_;
    NearestNames nearest_sources_;
    std::set<std::string> sources_;  // that were met
};

// The file whose symbols name its functions: a separate debug file has all of them, .dynsym those that others may call.
std::optional<ElfFile> debug_file_with_names(const ElfFile& file, int debug) {
    if (debug < 0 || file.section_of_type(SHT_SYMTAB) != nullptr) return std::nullopt;
    auto opened = ElfFile::open(debug);
    if (!opened || opened->section_of_type(SHT_SYMTAB) == nullptr) return std::nullopt;
    return *std::move(opened);
}

void name_function(const Entry& entry, CodeFunction& function) {
    function.name = demangled(entry.best().name);
    for (const RawSymbol& other : entry.symbols.subspan(1)) {
        std::string alias = demangled(other.name);
        if (alias != function.name) function.aliases.push_back(std::move(alias));
    }
}

// A stripped program of Go has the names of all its functions for its runtime.
void append_go(const GoFunctions& go, std::span<const CodeRange> code, std::vector<RawSymbol>& symbols) {
    for (const GoFunctions::Extent& function : go.all()) {
        const CodeRange* range = code_range_of(code, function.start);
        if (range == nullptr || function.name.empty()) continue;
        symbols.push_back({.address = function.start,
                           .size = std::min(function.end, range->end) - function.start,
                           .limit = range->end,
                           .name = function.name,
                           .kind = SymbolKind::kSizedFunction,
                           .binding = SymbolBinding::kGlobal});
    }
}

// kStripped, or kNone.
Miss pick_functions(const ElfFile& file, std::string_view bytes, const FunctionQuery& query, const FunctionHelp& help,
                    const GoFunctions* go, FunctionAnswer& answer) {
    const std::optional<ElfFile> debug = debug_file_with_names(file, help.debug);
    const FunctionSymbols found(debug ? *debug : file, kMostSymbolBytes);
    std::vector<RawSymbol> symbols;
    std::copy_if(found.symbols().begin(), found.symbols().end(), std::back_inserter(symbols), may_be_function);
    if (go != nullptr && !debug && file.section_of_type(SHT_SYMTAB) == nullptr) append_go(*go, found.code(), symbols);
    std::sort(symbols.begin(), symbols.end(), is_better_name);
    if (symbols.empty()) return Miss::kStripped;

    const std::vector<Entry> entries = entries_of(symbols);
    const FunctionPlaces places(file, bytes, entries, query, go, answer.timing);
    Picking picking(query, help);
    for (const Entry& entry : entries) {
        ++answer.known;
        CodeFunction function;
        name_function(entry, function);
        if (!picking.means(function, entry.best().address)) {
            if (answer.matched == 0) picking.offer(function.name);
            continue;
        }
        if (++answer.matched > query.most) continue;
        if (function.aliases.size() > kMostAliases) function.aliases.resize(kMostAliases);
        function.address = entry.best().address;
        function.size = entry.end - entry.best().address;
        places.find(entry, function);
        answer.functions.push_back(std::move(function));
    }
    answer.no_sources = !query.sources.empty() && !picking.knows_sources();
    if (answer.matched == 0) picking.append_nearest(answer.nearest);
    return Miss::kNone;
}

void pick_probes(const ElfFile& file, std::string_view bytes, const FunctionQuery& query, FunctionAnswer& answer) {
    UsdtProbes found = usdt_probes(file, bytes, query.argument);
    answer.known_probes = found.probes.size();
    answer.unread_notes = found.unread;
    NearestNames nearest;
    for (const std::string& glob : query.globs) nearest.want(without_wildcards(glob));
    for (UsdtProbe& probe : found.probes) {
        const bool matches = std::any_of(query.globs.begin(), query.globs.end(),
                                         [&](const std::string& glob) { return glob_match(glob, probe.name); });
        if (!matches) {
            if (answer.matched_probes == 0) nearest.offer(probe.name, probe.name);
            continue;
        }
        if (++answer.matched_probes <= query.most) answer.probes.push_back(std::move(probe));
    }
    if (answer.matched_probes == 0) nearest.append_to(answer.nearest);
}

}  // namespace

tl::expected<FunctionAnswer, Miss> list_functions(int fd, const FunctionQuery& query, const FunctionHelp& help) {
    const auto file = ElfFile::open(fd);
    if (!file) return tl::unexpected(file.error());
    FunctionQuery functions = query;
    functions.globs.clear();
    FunctionQuery probes{.globs = {}, .most = query.most, .argument = query.argument};
    for (const std::string& glob : query.globs) (means_usdt(glob) ? probes : functions).globs.push_back(glob);

    const SharedMapping mapping(fd);
    const std::string_view bytes = mapping.bytes();
    FunctionAnswer answer;
    tl::expected<GoFunctions, Miss> go = tl::unexpected(Miss::kStripped);
    if (query.timed || query.arguments > 0 || file->section_of_type(SHT_SYMTAB) == nullptr) go = GoFunctions::open(fd);
    if (query.timed) {
        const bool no_return_probes = query.unwound || go || has_unwinder(*file);
        answer.timing = no_return_probes ? Timing::kByExits : Timing::kByReturn;
    }
    if (!probes.globs.empty()) pick_probes(*file, bytes, probes, answer);
    if (probes.globs.empty() || !functions.means_all())
        answer.no_functions = pick_functions(*file, bytes, functions, help, go ? &*go : nullptr, answer);
    if (probes.globs.empty() && answer.no_functions != Miss::kNone) return tl::unexpected(answer.no_functions);
    return answer;
}

}  // namespace footfall
