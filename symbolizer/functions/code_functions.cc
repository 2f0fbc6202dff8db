#include "symbolizer/functions/code_functions.h"

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <tuple>
#include <utility>

#include "agent/base/text.h"
#include "symbolizer/elf/elf_file.h"
#include "symbolizer/elf/function_symbols.h"
#include "symbolizer/elf/loaded_bytes.h"
#include "symbolizer/functions/name_patterns.h"
#include "symbolizer/functions/nearest_names.h"
#include "symbolizer/names/demangle.h"

namespace footfall {
namespace {

constexpr std::size_t kMostSymbolBytes = std::size_t{256} << 20;
constexpr std::size_t kMostAliases = 8;
constexpr std::size_t kMostLookedAt = 4096;  // bytes of a function

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

NoSite find_site(const Entry& entry, const LoadedBytes& code, bool returns, CodeFunction& function) {
    if (entry.best().indirect) return NoSite::kIndirect;
    if (is_part(entry.best().name)) return NoSite::kPart;
    const auto offset = code.offset_of(entry.best().address);
    if (!offset) return NoSite::kNoSymbolCode;
    const auto site = counting_site(code.at(*offset, std::min<std::uint64_t>(function.size, kMostLookedAt)), returns);
    if (!site) return NoSite::kUnreadable;
    function.site = *site;
    function.file_offset = *offset + site->offset;
    return NoSite::kNone;
}

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

// kStripped, or kNone.
Miss pick_functions(const ElfFile& file, std::string_view bytes, const FunctionQuery& query, const FunctionHelp& help,
                    FunctionAnswer& answer) {
    const std::optional<ElfFile> debug = debug_file_with_names(file, help.debug);
    const FunctionSymbols found(debug ? *debug : file, kMostSymbolBytes);
    std::vector<RawSymbol> symbols;
    std::copy_if(found.symbols().begin(), found.symbols().end(), std::back_inserter(symbols), may_be_function);
    std::sort(symbols.begin(), symbols.end(), is_better_name);
    if (symbols.empty()) return Miss::kStripped;

    const LoadedBytes code(file, bytes);
    Picking picking(query, help);
    for (const Entry& entry : entries_of(symbols)) {
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
        function.no_site = find_site(entry, code, query.returns, function);
        answer.functions.push_back(std::move(function));
    }
    answer.no_sources = !query.sources.empty() && !picking.knows_sources();
    if (answer.matched == 0) picking.append_nearest(answer.nearest);
    return Miss::kNone;
}

void pick_probes(const ElfFile& file, std::string_view bytes, const FunctionQuery& query, FunctionAnswer& answer) {
    UsdtProbes found = usdt_probes(file, bytes);
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
    FunctionQuery functions{{}, query.most, query.returns, query.regexes, query.sources};
    FunctionQuery probes{{}, query.most};
    for (const std::string& glob : query.globs) (means_usdt(glob) ? probes : functions).globs.push_back(glob);

    const SharedMapping mapping(fd);
    const std::string_view bytes = mapping.bytes();
    FunctionAnswer answer;
    answer.unwinds = has_unwinder(*file);
    if (!probes.globs.empty()) pick_probes(*file, bytes, probes, answer);
    if (probes.globs.empty() || !functions.means_all())
        answer.no_functions = pick_functions(*file, bytes, functions, help, answer);
    if (probes.globs.empty() && answer.no_functions != Miss::kNone) return tl::unexpected(answer.no_functions);
    return answer;
}

}  // namespace footfall
