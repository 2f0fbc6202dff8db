#include "symbolizer/elf/function_symbols.h"

#include <algorithm>
#include <utility>

#include "symbolizer/elf/mini_debug_info.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxSymbolBytes = std::size_t{1} << 20;

SymbolBinding binding_of(const GElf_Sym& symbol) {
    switch (GELF_ST_BIND(symbol.st_info)) {
        case STB_GLOBAL:
        case STB_GNU_UNIQUE:
            return SymbolBinding::kGlobal;
        case STB_WEAK:
            return SymbolBinding::kWeak;
        default:
            return SymbolBinding::kLocal;
    }
}

std::optional<SymbolKind> kind_of(const GElf_Sym& symbol) {
    const auto type = GELF_ST_TYPE(symbol.st_info);
    if (type == STT_FUNC || type == STT_GNU_IFUNC)
        return symbol.st_size > 0 ? SymbolKind::kSizedFunction : SymbolKind::kUnsizedFunction;
    if (type == STT_NOTYPE) return SymbolKind::kUntyped;
    return std::nullopt;
}

std::string_view without_version(std::string_view name) {
    const std::size_t at = name.find('@');
    return at == 0 ? name : name.substr(0, at);
}

bool is_assembler_label(std::string_view name) { return name.empty() || name.starts_with(".L") || name.starts_with('$'); }

std::optional<RawSymbol> function_symbol(const ElfFile& file, const GElf_Sym& symbol, std::size_t strings,
                                         std::span<const CodeRange> code) {
    const auto kind = kind_of(symbol);
    if (!kind || symbol.st_shndx == SHN_UNDEF || symbol.st_shndx == SHN_ABS || symbol.st_shndx == SHN_COMMON)
        return std::nullopt;
    const CodeRange* range = code_range_of(code, symbol.st_value);
    if (range == nullptr) return std::nullopt;
    const char* text = elf_strptr(file.handle(), strings, symbol.st_name);
    if (text == nullptr) return std::nullopt;
    const std::string_view name = without_version(text);
    if (is_assembler_label(name) || name.size() > kMaxSymbolBytes) return std::nullopt;
    const std::uint64_t size = std::min(symbol.st_size, range->end - symbol.st_value);
    const bool indirect = GELF_ST_TYPE(symbol.st_info) == STT_GNU_IFUNC;
    return RawSymbol{symbol.st_value, size, range->end, name, *kind, binding_of(symbol), indirect};
}

}  // namespace

std::vector<CodeRange> code_ranges(const ElfFile& file) {
    std::vector<CodeRange> ranges;
    for (const ElfSection& section : file.sections()) {
        const GElf_Shdr& header = section.header;
        const bool is_code = (header.sh_flags & SHF_ALLOC) != 0 && (header.sh_flags & SHF_EXECINSTR) != 0;
        if (is_code && header.sh_size > 0 && header.sh_addr + header.sh_size > header.sh_addr)
            ranges.push_back({header.sh_addr, header.sh_addr + header.sh_size});
    }
    std::sort(ranges.begin(), ranges.end(), [](const CodeRange& a, const CodeRange& b) { return a.start < b.start; });
    return ranges;
}

const CodeRange* code_range_of(std::span<const CodeRange> code, std::uint64_t address) {
    const auto after = std::upper_bound(code.begin(), code.end(), address,
                                        [](std::uint64_t at, const CodeRange& range) { return at < range.start; });
    if (after == code.begin() || address >= std::prev(after)->end) return nullptr;
    return &*std::prev(after);
}

bool append_function_symbols(const ElfFile& file, std::uint32_t section_type, std::span<const CodeRange> code,
                             std::vector<RawSymbol>& symbols) {
    const ElfSection* section = file.section_of_type(section_type);
    if (section == nullptr || section->header.sh_entsize == 0) return false;
    Elf_Data* data = elf_getdata(section->handle, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return false;
    const std::size_t count = data->d_size / gelf_fsize(file.handle(), ELF_T_SYM, 1, EV_CURRENT);
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Sym symbol;
        if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
        if (const auto function = function_symbol(file, symbol, section->header.sh_link, code)) symbols.push_back(*function);
    }
    return true;
}

FunctionSymbols::FunctionSymbols(const ElfFile& file, std::size_t max_bytes) : code_(code_ranges(file)) {
    if (append_function_symbols(file, SHT_SYMTAB, code_, symbols_)) return;
    append_function_symbols(file, SHT_DYNSYM, code_, symbols_);
    const ElfSection* mini = file.section(".gnu_debugdata");
    const auto packed = mini != nullptr ? ElfFile::contents(*mini) : std::nullopt;
    auto image = packed ? inflate_mini_debug_info(*packed, max_bytes) : tl::unexpected(Miss::kStripped);
    if (!image) return;
    image_ = *std::move(image);
    if (auto inner = ElfFile::open(image_)) {
        inner_ = *std::move(inner);
        append_function_symbols(*inner_, SHT_SYMTAB, code_, symbols_);
    }
}

}  // namespace footfall
