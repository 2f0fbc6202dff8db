#include "symbolizer/elf/named_functions.h"

#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "symbolizer/names/rust_method.h"

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

// Two ways to look for functions. find_in(): text has strings from that place of the table on, the last one cut off or not.
class PlainNames {
public:
    explicit PlainNames(std::span<const std::string_view> names) : names_(names) {}

    [[nodiscard]] std::size_t longest() const {
        std::size_t longest = 0;
        for (const std::string_view name : names_) longest = std::max(longest, name.size());
        return longest;
    }

    void find_in(std::string_view text, std::uint64_t at, Places& places) const {
        for (const std::string_view name : names_) {
            for (std::size_t found = text.find(name); found != std::string_view::npos; found = text.find(name, found + 1)) {
                const std::size_t end = found + name.size();
                if (end < text.size() && text[end] == '\0') places.emplace(at + found, name);
            }
        }
    }

private:
    std::span<const std::string_view> names_;
};

class RustPaths {
public:
    explicit RustPaths(std::span<const std::string_view> paths) : paths_(paths), methods_(paths.begin(), paths.end()) {}

    [[nodiscard]] static std::size_t longest() { return kMostName; }

    void find_in(std::string_view text, std::uint64_t at, Places& places) const {
        for (std::size_t i = 0; i < methods_.size(); ++i) {
            const std::string_view needle = methods_[i].needle();
            for (std::size_t found = text.find(needle); found != std::string_view::npos;
                 found = text.find(needle, found + 1)) {
                const std::size_t begin = text.rfind('\0', found) + 1;  // 0 where there is none
                const std::size_t end = text.find('\0', found);
                if (end == std::string_view::npos) break;
                if (methods_[i].is(text.substr(begin, end - begin))) places.emplace(at + begin, paths_[i]);
            }
        }
    }

private:
    static constexpr std::size_t kMostName = 512;  // those that are looked for are shorter

    std::span<const std::string_view> paths_;
    std::vector<RustMethod> methods_;
};

template <typename Names>
Places places_of(int fd, Extent strings, const Names& names) {
    const std::size_t overlap = names.longest() + 1;
    Places places;
    std::string chunk;
    for (std::uint64_t at = 0; at < strings.size; at += kChunk) {
        chunk.resize(std::min<std::uint64_t>(kChunk + overlap, strings.size - at));
        if (!read_at(fd, strings.offset + at, chunk.data(), chunk.size())) break;
        names.find_in(chunk, at, places);
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

template <typename Names>
std::vector<NamedFunction> functions_of(int fd, const std::vector<Elf64_Shdr>& sections, std::uint32_t type,
                                        std::uint64_t file_size, const Names& names) {
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

struct OpenedElf {
    Elf64_Ehdr header{};
    std::vector<Elf64_Shdr> sections;
    std::uint64_t size = 0;
};

std::optional<OpenedElf> open_elf(int fd) {
    struct stat status {};
    const auto header = read_header(fd);
    if (!header || fstat(fd, &status) != 0) return std::nullopt;
    return OpenedElf{*header, read_table<Elf64_Shdr>(fd, header->e_shoff, header->e_shnum, header->e_shentsize),
                     static_cast<std::uint64_t>(status.st_size)};
}

}  // namespace

std::optional<NamedFunctions> NamedFunctions::find(int fd, std::span<const std::string_view> names) {
    const auto file = open_elf(fd);
    if (!file) return std::nullopt;
    NamedFunctions found;
    found.segments_ = segments_of(fd, file->header);
    found.functions_ = functions_of(fd, file->sections, SHT_DYNSYM, file->size, PlainNames(names));
    if (found.functions_.empty())
        found.functions_ = functions_of(fd, file->sections, SHT_SYMTAB, file->size, PlainNames(names));
    return found;
}

std::optional<NamedFunctions> NamedFunctions::find_rust(int fd, std::span<const std::string_view> paths) {
    const auto file = open_elf(fd);
    if (!file) return std::nullopt;
    NamedFunctions found;
    found.segments_ = segments_of(fd, file->header);
    found.functions_ = functions_of(fd, file->sections, SHT_SYMTAB, file->size, RustPaths(paths));
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
