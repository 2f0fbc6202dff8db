#include "symbolizer/functions/code_functions.h"

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

#include "agent/base/text.h"
#include "symbolizer/elf/elf_file.h"
#include "symbolizer/elf/function_symbols.h"
#include "symbolizer/elf/loaded_bytes.h"
#include "symbolizer/names/demangle.h"

namespace footfall {
namespace {

constexpr std::size_t kMostSymbolBytes = std::size_t{256} << 20;
constexpr std::size_t kMostAliases = 8;
constexpr std::size_t kMostLookedAt = 4096;  // bytes of a function
constexpr std::size_t kMostNearest = 3;

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

// Keeps those names that are most like what was asked for and not found.
class Nearest {
public:
    explicit Nearest(const std::vector<std::string>& globs) {
        for (const std::string& glob : globs) {
            std::string plain = glob;
            std::erase_if(plain, [](char c) { return c == '*' || c == '?'; });
            if (!plain.empty()) wanted_.push_back(std::move(plain));
        }
    }

    void offer(const std::string& name) {
        const std::string_view plain = without_parameters(name);
        for (const std::string& wanted : wanted_) {
            const std::size_t longer = std::max(plain.size(), wanted.size());
            const std::size_t shorter = std::min(plain.size(), wanted.size());
            if (plain.find(wanted) != std::string_view::npos) {
                keep(longer - shorter, name);
            } else if (longer - shorter <= wanted.size() / 3) {
                const std::size_t distance = edit_distance(wanted, plain);
                if (distance <= wanted.size() / 3) keep(distance, name);
            }
        }
    }
    void append_to(std::vector<std::string>& names) const {
        for (const auto& [distance, name] : kept_) names.push_back(name);
    }

private:
    void keep(std::size_t distance, const std::string& name) {
        kept_.emplace_back(distance, name);
        std::sort(kept_.begin(), kept_.end());
        kept_.erase(std::unique(kept_.begin(), kept_.end()), kept_.end());
        if (kept_.size() > kMostNearest) kept_.pop_back();
    }

    std::vector<std::string> wanted_;
    std::vector<std::pair<std::size_t, std::string>> kept_;
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

// kStripped, or kNone.
Miss pick_functions(const ElfFile& file, std::string_view bytes, const FunctionQuery& query, FunctionAnswer& answer) {
    const FunctionSymbols found(file, kMostSymbolBytes);
    std::vector<RawSymbol> symbols;
    std::copy_if(found.symbols().begin(), found.symbols().end(), std::back_inserter(symbols), may_be_function);
    if (symbols.empty()) return Miss::kStripped;
    std::sort(symbols.begin(), symbols.end(), is_better_name);

    const LoadedBytes code(file, bytes);
    Nearest nearest(query.globs);
    for (const Entry& entry : entries_of(symbols)) {
        ++answer.known;
        CodeFunction function;
        function.name = demangled(entry.best().name);
        bool matches = matches_function(query.globs, function.name);
        for (const RawSymbol& other : entry.symbols.subspan(1)) {
            std::string alias = demangled(other.name);
            if (alias == function.name) continue;
            matches = matches || matches_function(query.globs, alias);
            if (function.aliases.size() < kMostAliases) function.aliases.push_back(std::move(alias));
        }
        if (!matches) {
            if (answer.matched == 0) nearest.offer(function.name);
            continue;
        }
        if (++answer.matched > query.most) continue;
        function.address = entry.best().address;
        function.size = entry.end - entry.best().address;
        function.no_site = find_site(entry, code, query.returns, function);
        answer.functions.push_back(std::move(function));
    }
    if (answer.matched == 0) nearest.append_to(answer.nearest);
    return Miss::kNone;
}

void pick_probes(const ElfFile& file, std::string_view bytes, const FunctionQuery& query, FunctionAnswer& answer) {
    UsdtProbes found = usdt_probes(file, bytes);
    answer.known_probes = found.probes.size();
    answer.unread_notes = found.unread;
    Nearest nearest(query.globs);
    for (UsdtProbe& probe : found.probes) {
        const bool matches = std::any_of(query.globs.begin(), query.globs.end(),
                                         [&](const std::string& glob) { return glob_match(glob, probe.name); });
        if (!matches) {
            if (answer.matched_probes == 0) nearest.offer(probe.name);
            continue;
        }
        if (++answer.matched_probes <= query.most) answer.probes.push_back(std::move(probe));
    }
    if (answer.matched_probes == 0) nearest.append_to(answer.nearest);
}

}  // namespace

bool matches_function(const std::vector<std::string>& globs, std::string_view name) {
    if (globs.empty()) return true;
    const std::string_view plain = without_parameters(name);
    return std::any_of(globs.begin(), globs.end(),
                       [&](const std::string& glob) { return glob_match(glob, name) || glob_match(glob, plain); });
}

tl::expected<FunctionAnswer, Miss> list_functions(int fd, const FunctionQuery& query) {
    const auto file = ElfFile::open(fd);
    if (!file) return tl::unexpected(file.error());
    FunctionQuery functions{{}, query.most, query.returns};
    FunctionQuery probes{{}, query.most, false};
    for (const std::string& glob : query.globs) (means_usdt(glob) ? probes : functions).globs.push_back(glob);

    const SharedMapping mapping(fd);
    const std::string_view bytes = mapping.bytes();
    FunctionAnswer answer;
    answer.unwinds = has_unwinder(*file);
    if (!probes.globs.empty()) pick_probes(*file, bytes, probes, answer);
    if (probes.globs.empty() || !functions.globs.empty())
        answer.no_functions = pick_functions(*file, bytes, functions, answer);
    if (probes.globs.empty() && answer.no_functions != Miss::kNone) return tl::unexpected(answer.no_functions);
    return answer;
}

}  // namespace footfall
