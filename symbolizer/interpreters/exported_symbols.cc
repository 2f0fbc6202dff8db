#include "symbolizer/interpreters/exported_symbols.h"

#include <elf.h>

#include <cstring>

namespace footfall {
namespace {

constexpr std::size_t kMostSegments = 64;
constexpr std::size_t kMostEntries = 256;  // of a dynamic section
constexpr std::size_t kMostChain = 4096;   // symbols with hashes that fall together

std::uint32_t gnu_hash_of(std::string_view name) {
    std::uint32_t hash = 5381;
    for (const char letter : name) hash = hash * 33 + static_cast<unsigned char>(letter);
    return hash;
}

bool is_ours(const Elf64_Ehdr& header) {
    return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
           header.e_machine == EM_X86_64 && header.e_phentsize == sizeof(Elf64_Phdr) && header.e_phnum <= kMostSegments;
}

}  // namespace

std::optional<ExportedSymbols> ExportedSymbols::of(MemoryReader& memory, std::uint64_t base) {
    const auto header = memory.value<Elf64_Ehdr>(base);
    if (!header || !is_ours(*header)) return std::nullopt;
    ExportedSymbols symbols(memory);
    std::optional<std::uint64_t> dynamic;
    bool has_load = false;
    for (std::size_t i = 0; i < header->e_phnum; ++i) {
        const auto segment = memory.value<Elf64_Phdr>(base + header->e_phoff + i * sizeof(Elf64_Phdr));
        if (!segment) return std::nullopt;
        if (segment->p_type == PT_LOAD && !has_load) {
            symbols.bias_ = base - segment->p_vaddr + segment->p_offset;
            has_load = true;
        }
        if (segment->p_type == PT_DYNAMIC) dynamic = segment->p_vaddr;
    }
    if (!has_load || !dynamic) return std::nullopt;
    // The C library of GNU has made addresses of the process of them, that of musl leaves them as they are in the file.
    const auto placed = [&](std::uint64_t address) { return address < base ? address + symbols.bias_ : address; };
    for (std::size_t i = 0; i < kMostEntries; ++i) {
        const auto entry = memory.value<Elf64_Dyn>(symbols.bias_ + *dynamic + i * sizeof(Elf64_Dyn));
        if (!entry || entry->d_tag == DT_NULL) break;
        if (entry->d_tag == DT_SYMTAB) symbols.symbols_ = placed(entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) symbols.names_ = placed(entry->d_un.d_ptr);
        if (entry->d_tag == DT_GNU_HASH) symbols.gnu_hash_ = placed(entry->d_un.d_ptr);
    }
    if (symbols.symbols_ == 0 || symbols.names_ == 0 || symbols.gnu_hash_ == 0) return std::nullopt;
    return symbols;
}

std::optional<std::uint64_t> ExportedSymbols::find(std::string_view name) const {
    struct Table {
        std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
    };
    const auto table = memory_->value<Table>(gnu_hash_);
    if (!table || table->buckets == 0) return std::nullopt;
    const std::uint32_t hash = gnu_hash_of(name);
    const std::uint64_t buckets = gnu_hash_ + sizeof(Table) + std::uint64_t{table->bloom_words} * sizeof(std::uint64_t);
    const std::uint64_t hashes = buckets + std::uint64_t{table->buckets} * sizeof(std::uint32_t);
    const auto first = memory_->value<std::uint32_t>(buckets + std::uint64_t{hash % table->buckets} * sizeof(std::uint32_t));
    if (!first || *first < table->first_symbol) return std::nullopt;
    for (std::uint32_t i = 0; i < kMostChain; ++i) {
        const std::uint32_t symbol = *first + i;
        const std::uint64_t at = hashes + std::uint64_t{symbol - table->first_symbol} * sizeof(std::uint32_t);
        const auto its_hash = memory_->value<std::uint32_t>(at);
        if (!its_hash) return std::nullopt;
        // The lowest bit says that no further one follows.
        if ((*its_hash | 1U) == (hash | 1U)) {
            if (const auto found = if_named(symbol, name)) return found;
        }
        if ((*its_hash & 1U) != 0) return std::nullopt;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> ExportedSymbols::if_named(std::uint32_t symbol, std::string_view name) const {
    const auto entry = memory_->value<Elf64_Sym>(symbols_ + std::uint64_t{symbol} * sizeof(Elf64_Sym));
    if (!entry || entry->st_shndx == SHN_UNDEF) return std::nullopt;
    const auto its_name = memory_->text(names_ + entry->st_name, name.size());
    return its_name && *its_name == name ? std::optional(bias_ + entry->st_value) : std::nullopt;
}

}  // namespace footfall
