// A library as the loader has mapped it, with no more than its exported symbols, laid into a made-up memory.
#pragma once

#include <elf.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/hotspot/made_memory.h"

namespace footfall {

constexpr std::size_t kMadeLibraryBytes = 0x8000;

// symbols: names and addresses in the process. All fall into one bucket of the hash table.
inline void lay_library(MadeMemory& memory, std::uint64_t base,
                        const std::vector<std::pair<std::string, std::uint64_t>>& symbols) {
    constexpr std::uint64_t kDynamic = 0x200, kSymbols = 0x1000, kHash = 0x3000, kNames = 0x4000;
    memory.add(base, kMadeLibraryBytes);
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof header;
    header.e_phnum = 2;
    header.e_phentsize = sizeof(Elf64_Phdr);
    memory.put(base, header);
    Elf64_Phdr load{};
    load.p_type = PT_LOAD;
    memory.put(base + sizeof header, load);
    Elf64_Phdr dynamic{};
    dynamic.p_type = PT_DYNAMIC;
    dynamic.p_vaddr = kDynamic;
    memory.put(base + sizeof header + sizeof load, dynamic);
    // One as glibc leaves it, two as musl does.
    const Elf64_Dyn entries[] = {
        {DT_SYMTAB, {base + kSymbols}}, {DT_STRTAB, {kNames}}, {DT_GNU_HASH, {kHash}}, {DT_NULL, {0}}};
    memory.put(base + kDynamic, entries);

    const std::uint32_t table[] = {1, 1, 1, 0};  // buckets, first symbol, words of the filter, its shift
    memory.put(base + kHash, table);
    memory.put(base + kHash + sizeof table + 8, std::uint32_t{1});
    std::uint64_t name_at = 1;
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const auto& [name, address] = symbols[i];
        Elf64_Sym symbol{};
        symbol.st_name = static_cast<Elf64_Word>(name_at);
        symbol.st_shndx = 1;
        symbol.st_value = address - base;
        memory.put(base + kSymbols + (i + 1) * sizeof symbol, symbol);
        memory.put_text(base + kNames + name_at, name);
        name_at += name.size() + 1;
        std::uint32_t hash = 5381;
        for (const char letter : name) hash = hash * 33 + static_cast<unsigned char>(letter);
        const bool is_last = i + 1 == symbols.size();
        memory.put(base + kHash + sizeof table + 12 + i * 4, (hash & ~1U) | (is_last ? 1U : 0U));
    }
}

}  // namespace footfall
