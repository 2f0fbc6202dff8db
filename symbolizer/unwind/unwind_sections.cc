#include "symbolizer/unwind/unwind_sections.h"

#include <dwarf.h>
#include <elf.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>

namespace footfall {
namespace {

constexpr std::uint64_t kMaxInflated = std::uint64_t{16} << 20;  // of .debug_frame, which is of the order of 3 % of the code

constexpr std::size_t kMaxSegments = 1024;
constexpr std::size_t kMaxSections = 65536;
constexpr std::uint8_t kTableEncoding = DW_EH_PE_datarel | DW_EH_PE_sdata4;  // what every linker writes
constexpr std::uint64_t kTableEntry = 8;

struct FrameHeader {
    std::uint8_t version;
    std::uint8_t frame_pointer_encoding;
    std::uint8_t count_encoding;
    std::uint8_t table_encoding;
};

class Finder {
public:
    explicit Finder(FileBlocks& file) : file_(file) {}

    Result<UnwindSections> find() {
        if (auto checked = read_header(); !checked) return tl::unexpected(checked.error());
        if (auto checked = read_segments(); !checked) return tl::unexpected(checked.error());
        find_code();
        if (found_.code.empty()) return failure("it has no executable segment");
        read_sections();
        read_frame_header();
        found_.entry = header_.e_entry;
        return std::move(found_);
    }

private:
    Result<void> read_header() {
        if (!file_.read(0, &header_, sizeof header_)) return failure("it is too short for an ELF file");
        if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0) return failure("it is not an ELF file");
        if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB ||
            header_.e_machine != EM_X86_64)
            return failure("it is not for x86-64");
        if (header_.e_type != ET_EXEC && header_.e_type != ET_DYN) return failure("it is no executable or library");
        return {};
    }

    Result<void> read_segments() {
        if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum > kMaxSegments)
            return failure("its program headers are not valid");
        segments_.resize(header_.e_phnum);
        if (!file_.read(header_.e_phoff, segments_.data(), segments_.size() * sizeof(Elf64_Phdr)))
            return failure("its program headers lie outside of it");
        return {};
    }

    // A segment's bytes that are really in the file; 0 if it lies outside, or wraps around.
    [[nodiscard]] std::uint64_t bytes_of(const Elf64_Phdr& segment) const {
        if (segment.p_offset >= file_.size()) return 0;
        const std::uint64_t size = std::min(segment.p_filesz, file_.size() - segment.p_offset);
        return segment.p_vaddr > std::numeric_limits<std::uint64_t>::max() - size ? 0 : size;
    }

    void find_code() {
        for (const Elf64_Phdr& segment : segments_) {
            const std::uint64_t size = bytes_of(segment);
            if (segment.p_type != PT_LOAD || size == 0) continue;
            const bool executable = (segment.p_flags & PF_X) != 0;
            found_.segments.push_back({segment.p_vaddr, segment.p_offset, size, executable});
            if (executable) found_.code.push_back({segment.p_vaddr, segment.p_vaddr + size});
        }
        const auto earlier = [](const AddressRange& a, const AddressRange& b) { return a.begin < b.begin; };
        std::sort(found_.code.begin(), found_.code.end(), earlier);
        for (std::size_t i = 1; i < found_.code.size(); ++i) {
            AddressRange& before = found_.code[i - 1];
            before.end = std::min(before.end, found_.code[i].begin);
        }
        std::erase_if(found_.code, [](const AddressRange& range) { return range.begin == range.end; });
    }

    void read_sections() {
        if (header_.e_shoff == 0 || header_.e_shentsize != sizeof(Elf64_Shdr)) return;
        Elf64_Shdr first{};
        if (!file_.read(header_.e_shoff, &first, sizeof first)) return;
        const std::uint64_t count = header_.e_shnum != 0 ? header_.e_shnum : first.sh_size;
        const std::uint64_t names = header_.e_shstrndx != SHN_XINDEX ? header_.e_shstrndx : first.sh_link;
        if (count > kMaxSections || names >= count) return;
        Elf64_Shdr names_section{};
        if (!file_.read(header_.e_shoff + names * sizeof(Elf64_Shdr), &names_section, sizeof names_section)) return;
        found_.named = true;
        for (std::uint64_t i = 1; i < count; ++i) {
            Elf64_Shdr section{};
            if (!file_.read(header_.e_shoff + i * sizeof section, &section, sizeof section)) return;
            take_section(section, names_section);
        }
    }

    void take_section(const Elf64_Shdr& section, const Elf64_Shdr& names) {
        if (section.sh_type == SHT_NOBITS || section.sh_size == 0) return;
        if (section.sh_offset >= file_.size() || section.sh_size > file_.size() - section.sh_offset) return;
        const bool compressed = (section.sh_flags & SHF_COMPRESSED) != 0;
        if (is_named(section, names, ".text")) found_.text = section.sh_addr;
        if (is_named(section, names, ".gopclntab") || is_named(section, names, ".data.rel.ro.gopclntab"))
            found_.go_table = {section.sh_offset, section.sh_size};
        if (is_named(section, names, ".eh_frame") && !compressed)
            found_.eh_frame = {FrameFormat::kEhFrame, section.sh_offset, section.sh_size, section.sh_addr, false};
        if (is_named(section, names, ".debug_frame") && !compressed)
            found_.debug_frame = {FrameFormat::kDebugFrame, section.sh_offset, section.sh_size, 0, false};
        if (compressed && is_named(section, names, ".debug_frame")) inflate_debug_frame(section);
    }

    // Go's linker compresses it.
    void inflate_debug_frame(const Elf64_Shdr& section) {
        Elf64_Chdr head{};
        if (section.sh_size <= sizeof head || section.sh_size > kMaxInflated) return;
        if (!file_.read(section.sh_offset, &head, sizeof head)) return;
        if (head.ch_type != ELFCOMPRESS_ZLIB || head.ch_size == 0 || head.ch_size > kMaxInflated) return;
        std::vector<std::uint8_t> packed(section.sh_size - sizeof head);
        std::vector<std::uint8_t> bytes(head.ch_size);
        uLongf size = bytes.size();
        if (!file_.read(section.sh_offset + sizeof head, packed.data(), packed.size())) return;
        if (uncompress(bytes.data(), &size, packed.data(), packed.size()) != Z_OK || size != bytes.size()) return;
        found_.debug_frame = {FrameFormat::kDebugFrame, file_.append(std::move(bytes)), size, 0, false};
    }

    bool is_named(const Elf64_Shdr& section, const Elf64_Shdr& names, std::string_view name) {
        std::array<char, 24> text{};
        const std::size_t size = name.size() + 1;
        return names.sh_offset < file_.size() && file_.read(names.sh_offset + section.sh_name, text.data(), size) &&
               std::string_view(text.data(), size) == std::string_view(name.data(), size);
    }

    // PT_GNU_EH_FRAME, which also says where .eh_frame is in a file without sections.
    void read_frame_header() {
        const auto is_frame_header = [](const Elf64_Phdr& segment) { return segment.p_type == PT_GNU_EH_FRAME; };
        const auto segment = std::find_if(segments_.begin(), segments_.end(), is_frame_header);
        FrameHeader header{};
        if (segment == segments_.end() || !file_.read(segment->p_offset, &header, sizeof header) || header.version != 1 ||
            header.frame_pointer_encoding != (DW_EH_PE_pcrel | DW_EH_PE_sdata4))
            return;
        std::array<std::int32_t, 2> frame_and_count{};
        if (!file_.read(segment->p_offset + sizeof header, frame_and_count.data(), sizeof frame_and_count)) return;

        if (!found_.eh_frame)
            find_eh_frame(segment->p_vaddr + sizeof header + static_cast<std::int64_t>(frame_and_count[0]));
        if (!found_.eh_frame || header.count_encoding != DW_EH_PE_udata4 || header.table_encoding != kTableEncoding) return;
        const FdeTable table{segment->p_offset + sizeof header + sizeof frame_and_count,
                             static_cast<std::uint32_t>(frame_and_count[1]), segment->p_vaddr};
        if (table.count > 0 && table.offset < file_.size() && table.count <= (file_.size() - table.offset) / kTableEntry)
            found_.table = table;
    }

    void find_eh_frame(std::uint64_t address) {
        for (const Elf64_Phdr& segment : segments_) {
            if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address - segment.p_vaddr >= bytes_of(segment))
                continue;
            const std::uint64_t into = address - segment.p_vaddr;
            found_.eh_frame = {FrameFormat::kEhFrame, segment.p_offset + into, bytes_of(segment) - into, address, true};
        }
    }

    FileBlocks& file_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> segments_;
    UnwindSections found_;
};

}  // namespace

Result<UnwindSections> find_unwind_sections(FileBlocks& file) { return Finder(file).find(); }

void read_code(FileBlocks& file, const UnwindSections& sections, std::uint64_t address, std::span<std::uint8_t> into) {
    for (const LoadedSegment& segment : sections.segments) {
        const std::uint64_t skipped = address - segment.address;
        if (!segment.executable || address < segment.address || skipped >= segment.size) continue;
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), segment.size - skipped));
        file.read(segment.offset + skipped, into.data(), size);
        return;
    }
}

}  // namespace footfall
