#include "symbolizer/elf/named_functions.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>

namespace footfall {
namespace {

constexpr std::size_t kChunk = std::size_t{256} << 10;
constexpr std::size_t kMostHeaders = 4096;

bool read_at(int fd, std::uint64_t offset, void* into, std::size_t size) {
    std::size_t got = 0;
    while (got < size) {
        const ssize_t count = pread(fd, static_cast<char*>(into) + got, size - got, static_cast<off_t>(offset + got));
        if (count <= 0) return false;
        got += static_cast<std::size_t>(count);
    }
    return true;
}

template <typename Record>
std::vector<Record> read_table(int fd, std::uint64_t offset, std::size_t count, std::size_t entry_size) {
    if (entry_size != sizeof(Record) || count > kMostHeaders) return {};
    std::vector<Record> table(count);
    if (!read_at(fd, offset, table.data(), count * sizeof(Record))) return {};
    return table;
}

std::optional<Elf64_Ehdr> read_header(int fd) {
    Elf64_Ehdr header{};
    if (!read_at(fd, 0, &header, sizeof header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return std::nullopt;
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) return std::nullopt;
    if (header.e_machine != EM_X86_64) return std::nullopt;
    return header;
}

// A section as it lies in the file, cut to what the file has.
struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

Extent extent_of(const Elf64_Shdr& section, std::uint64_t file_size) {
    if (section.sh_type == SHT_NOBITS || section.sh_offset >= file_size) return {};
    return {section.sh_offset, std::min<std::uint64_t>(section.sh_size, file_size - section.sh_offset)};
}

// Where in a string table the names stand, each possibly as the end of a longer one.
using Places = std::map<std::uint64_t, std::string_view>;

void find_in(std::string_view text, std::uint64_t at, std::span<const std::string_view> names, Places& places) {
    for (const std::string_view name : names) {
        for (std::size_t found = text.find(name); found != std::string_view::npos; found = text.find(name, found + 1)) {
            const std::size_t end = found + name.size();
            if (end < text.size() && text[end] == '\0') places.emplace(at + found, name);
        }
    }
}

Places places_of(int fd, Extent strings, std::span<const std::string_view> names) {
    std::size_t overlap = 0;
    for (const std::string_view name : names) overlap = std::max(overlap, name.size() + 1);
    Places places;
    std::string chunk;
    for (std::uint64_t at = 0; at < strings.size; at += kChunk) {
        chunk.resize(std::min<std::uint64_t>(kChunk + overlap, strings.size - at));
        if (!read_at(fd, strings.offset + at, chunk.data(), chunk.size())) break;
        find_in(chunk, at, names, places);
    }
    return places;
}

bool is_function(const Elf64_Sym& symbol) {
    return ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0;
}

void take_functions(int fd, Extent symbols, const Places& places, std::vector<NamedFunction>& functions) {
    std::vector<Elf64_Sym> chunk;
    for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= symbols.size; at += chunk.size() * sizeof(Elf64_Sym)) {
        chunk.resize(std::min<std::uint64_t>(kChunk, symbols.size - at) / sizeof(Elf64_Sym));
        if (!read_at(fd, symbols.offset + at, chunk.data(), chunk.size() * sizeof(Elf64_Sym))) return;
        for (const Elf64_Sym& symbol : chunk) {
            const auto place = is_function(symbol) ? places.find(symbol.st_name) : places.end();
            if (place != places.end()) functions.push_back({std::string(place->second), symbol.st_value, symbol.st_size});
        }
    }
}

std::vector<NamedFunction> functions_of(int fd, const std::vector<Elf64_Shdr>& sections, std::uint32_t type,
                                        std::uint64_t file_size, std::span<const std::string_view> names) {
    std::vector<NamedFunction> functions;
    for (const Elf64_Shdr& section : sections) {
        if (section.sh_type != type || section.sh_link >= sections.size()) continue;
        const Places places = places_of(fd, extent_of(sections[section.sh_link], file_size), names);
        if (!places.empty()) take_functions(fd, extent_of(section, file_size), places, functions);
    }
    return functions;
}

std::vector<LoadedCode> segments_of(int fd, const Elf64_Ehdr& header) {
    std::vector<LoadedCode> segments;
    for (const Elf64_Phdr& segment : read_table<Elf64_Phdr>(fd, header.e_phoff, header.e_phnum, header.e_phentsize)) {
        const bool is_code = segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0;
        if (is_code && segment.p_vaddr + segment.p_filesz > segment.p_vaddr &&
            segment.p_offset + segment.p_filesz > segment.p_offset) {
            segments.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz});
        }
    }
    return segments;
}

}  // namespace

std::optional<NamedFunctions> NamedFunctions::find(int fd, std::span<const std::string_view> names) {
    struct stat status {};
    const auto header = read_header(fd);
    if (!header || fstat(fd, &status) != 0) return std::nullopt;
    const auto sections = read_table<Elf64_Shdr>(fd, header->e_shoff, header->e_shnum, header->e_shentsize);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    NamedFunctions found;
    found.segments_ = segments_of(fd, *header);
    found.functions_ = functions_of(fd, sections, SHT_DYNSYM, size, names);
    if (found.functions_.empty()) found.functions_ = functions_of(fd, sections, SHT_SYMTAB, size, names);
    return found;
}

const NamedFunction* NamedFunctions::function(std::string_view name) const {
    const auto found =
        std::find_if(functions_.begin(), functions_.end(), [&](const NamedFunction& f) { return f.name == name; });
    return found == functions_.end() ? nullptr : &*found;
}

const LoadedCode* NamedFunctions::segment_of(std::uint64_t address) const {
    const auto found = std::find_if(segments_.begin(), segments_.end(), [&](const LoadedCode& segment) {
        return address >= segment.address && address - segment.address < segment.size;
    });
    return found == segments_.end() ? nullptr : &*found;
}

std::optional<std::uint64_t> NamedFunctions::file_offset(std::uint64_t address) const {
    const LoadedCode* segment = segment_of(address);
    if (segment == nullptr) return std::nullopt;
    return segment->offset + (address - segment->address);
}

std::vector<std::uint8_t> NamedFunctions::code_at(int fd, std::uint64_t address, std::size_t most) const {
    const LoadedCode* segment = segment_of(address);
    if (segment == nullptr) return {};
    const std::uint64_t behind = address - segment->address;
    std::vector<std::uint8_t> code(std::min<std::uint64_t>(most, segment->size - behind));
    if (!read_at(fd, segment->offset + behind, code.data(), code.size())) return {};
    return code;
}

}  // namespace footfall
