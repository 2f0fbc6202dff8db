#include "symbolizer/elf/description.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include "symbolizer/elf/elf_file.h"

namespace footfall {
namespace {

constexpr std::size_t kMaxIdBytes = 64;

std::string hex_of(std::string_view bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (const char byte : bytes) {
        hex += kDigits[static_cast<unsigned char>(byte) >> 4];
        hex += kDigits[static_cast<unsigned char>(byte) & 15];
    }
    return hex;
}

// The build-id among the notes of one section or segment.
std::string build_id_in(Elf_Data* notes) {
    GElf_Nhdr note;
    std::size_t name_at = 0;
    std::size_t id_at = 0;
    for (std::size_t at = 0; (at = gelf_getnote(notes, at, &note, &name_at, &id_at)) > 0;) {
        const std::string_view bytes(static_cast<const char*>(notes->d_buf), notes->d_size);
        const bool is_id =
            note.n_type == NT_GNU_BUILD_ID && bytes.substr(name_at, note.n_namesz) == std::string_view("GNU\0", 4);
        if (is_id && note.n_descsz > 0 && note.n_descsz <= kMaxIdBytes) return hex_of(bytes.substr(id_at, note.n_descsz));
    }
    return {};
}

std::string build_id_of_file(const ElfFile& file, const std::vector<GElf_Phdr>& segments) {
    for (const ElfSection& section : file.sections()) {
        if (section.header.sh_type != SHT_NOTE) continue;
        Elf_Data* notes = elf_getdata(section.handle, nullptr);
        if (notes == nullptr || notes->d_buf == nullptr) continue;
        if (std::string id = build_id_in(notes); !id.empty()) return id;
    }
    for (const GElf_Phdr& segment : segments) {  // a file without sections still has its notes
        if (segment.p_type != PT_NOTE) continue;
        Elf_Data* notes = elf_getdata_rawchunk(file.handle(), static_cast<std::int64_t>(segment.p_offset), segment.p_filesz,
                                               segment.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
        if (notes == nullptr || notes->d_buf == nullptr) continue;
        if (std::string id = build_id_in(notes); !id.empty()) return id;
    }
    return {};
}

// The name at the start of a link section, and what follows its NUL.
struct Link {
    std::string_view name;
    std::string_view rest;
};

Link link_in(const ElfFile& file, std::string_view section_name) {
    const ElfSection* section = file.section(section_name);
    const auto bytes = section != nullptr ? ElfFile::contents(*section) : std::nullopt;
    const std::size_t end = bytes ? bytes->find('\0') : std::string_view::npos;
    if (end == std::string_view::npos) return {};
    return {bytes->substr(0, end), bytes->substr(end + 1)};
}

void describe_links(const ElfFile& file, FileDescription& description) {
    const Link debug = link_in(file, ".gnu_debuglink");
    // The checksum is aligned to four bytes from the section's start; the section ends with it.
    if (debug.rest.size() >= sizeof description.debug_link_crc && debug.name.size() <= NAME_MAX) {
        description.debug_link = debug.name;
        const std::size_t at = (debug.name.size() + 4) & ~std::size_t{3};
        if (at + 4 <= debug.name.size() + 1 + debug.rest.size())
            std::memcpy(&description.debug_link_crc, debug.name.data() + at, sizeof description.debug_link_crc);
    }
    const Link alt = link_in(file, ".gnu_debugaltlink");
    if (!alt.rest.empty() && alt.rest.size() <= kMaxIdBytes) {
        if (alt.name.size() < PATH_MAX) description.alt_link = alt.name;
        description.alt_build_id = hex_of(alt.rest);
    }
}

}  // namespace

tl::expected<FileDescription, Miss> describe_elf(int fd) {
    const auto file = ElfFile::open(fd);
    if (!file) return tl::unexpected(file.error());
    const std::vector<GElf_Phdr> segments = file->segments();
    FileDescription description;
    description.build_id = build_id_of_file(*file, segments);
    for (const GElf_Phdr& segment : segments) {
        if (segment.p_type == PT_LOAD && (segment.p_flags & PF_X) != 0)
            description.code.push_back({segment.p_vaddr, segment.p_offset, segment.p_filesz});
    }
    describe_links(*file, description);
    for (const ElfSection& section : file->sections()) {
        const bool has_bytes = section.header.sh_type != SHT_NOBITS && section.header.sh_size > 0;
        if (section.header.sh_type == SHT_SYMTAB) description.has_symbols = true;
        if (has_bytes && (section.name == ".debug_info" || section.name == ".zdebug_info")) description.has_dwarf = true;
    }
    description.runtime = find_runtime_symbols(*file, fd);
    return description;
}

std::optional<std::uint64_t> address_of_offset(const FileDescription& description, std::uint64_t file_offset) {
    for (const CodeSegment& segment : description.code) {
        if (file_offset >= segment.file_offset && file_offset - segment.file_offset < segment.size)
            return segment.address + (file_offset - segment.file_offset);
    }
    return std::nullopt;
}

}  // namespace footfall
