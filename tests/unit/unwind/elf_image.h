// A small x86-64 ELF file as bytes, for tests: one executable segment with an .eh_frame in it. Offsets are addresses. What a
// test wants to be wrong, it overwrites.
#pragma once

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/fd.h"

namespace footfall {

using Bytes = std::vector<std::uint8_t>;

template <typename Number>
void put(Bytes& bytes, Number value) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
}

inline Fd file_of(const Bytes& bytes) {
    Fd fd(memfd_create("test", MFD_CLOEXEC));
    if (write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return Fd();
    return fd;
}

// The entries of an .eh_frame or .debug_frame at an address.
class FrameBytes {
public:
    explicit FrameBytes(std::uint64_t address, bool debug_frame = false) : address_(address), debug_frame_(debug_frame) {}

    // A CIE of augmentation "zR" with pcrel sdata4 addresses, rsp + 8 and the return address below; its offset.
    std::size_t cie() { return cie("zR", {1, 0x1b}, {0x0c, 7, 8, 0x90, 1}); }

    std::size_t cie(std::string_view augmentation, const Bytes& data, const Bytes& instructions, std::uint8_t version = 1) {
        Bytes body;
        put<std::uint32_t>(body, debug_frame_ ? 0xffffffff : 0);
        body.push_back(version);
        body.insert(body.end(), augmentation.begin(), augmentation.end());
        body.push_back(0);
        if (version == 4) body.insert(body.end(), {8, 0});
        body.insert(body.end(), {1, 0x78, 16});  // code alignment 1, data alignment -8, return address in 16
        body.insert(body.end(), data.begin(), data.end());
        body.insert(body.end(), instructions.begin(), instructions.end());
        return append(body);
    }

    // An FDE of the CIE at that offset; its offset.
    std::size_t fde(std::size_t cie, std::uint64_t begin, std::uint32_t size, const Bytes& instructions) {
        Bytes body;
        const std::size_t at = bytes.size();
        put<std::uint32_t>(body, static_cast<std::uint32_t>(debug_frame_ ? cie : at + 4 - cie));
        if (debug_frame_) {
            put<std::uint64_t>(body, begin);
            put<std::uint64_t>(body, size);
        } else {
            put<std::uint32_t>(body, static_cast<std::uint32_t>(begin - (address_ + at + 8)));
            put<std::uint32_t>(body, size);
            body.push_back(0);  // no augmentation data
        }
        body.insert(body.end(), instructions.begin(), instructions.end());
        return append(body);
    }

    // The same with 64-bit lengths.
    std::size_t wide_fde(std::size_t cie, std::uint64_t begin, std::uint32_t size, const Bytes& instructions) {
        const std::size_t at = bytes.size();
        Bytes body;
        put<std::uint64_t>(body, at + 12 - cie);
        put<std::uint32_t>(body, static_cast<std::uint32_t>(begin - (address_ + at + 20)));
        put<std::uint32_t>(body, size);
        body.push_back(0);
        body.insert(body.end(), instructions.begin(), instructions.end());
        put<std::uint32_t>(bytes, 0xffffffff);
        put<std::uint64_t>(bytes, body.size());
        bytes.insert(bytes.end(), body.begin(), body.end());
        return at;
    }

    Bytes bytes;

private:
    std::size_t append(const Bytes& body) {
        const std::size_t at = bytes.size();
        put<std::uint32_t>(bytes, static_cast<std::uint32_t>(body.size()));
        bytes.insert(bytes.end(), body.begin(), body.end());
        return at;
    }

    std::uint64_t address_;
    bool debug_frame_;
};

class ElfImage {
public:
    static constexpr std::uint64_t kCode = 0x1000;  // the executable segment, up to kFrames
    static constexpr std::uint64_t kFrames = 0x20000;

    // The table of .eh_frame_hdr: (address of code, address of FDE).
    using Table = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

    void add_section(const std::string& name, const Bytes& contents, std::uint64_t flags = SHF_ALLOC) {
        sections_.push_back({name, contents, flags});
    }

    // With the sections in front of each other from kFrames on, and section headers unless they are left out.
    Bytes bytes(bool with_section_headers = true) {
        Bytes image(kFrames);
        std::vector<Elf64_Shdr> headers(1);
        std::string names(1, '\0');
        for (const Section& section : sections_) add(image, headers, names, section.name, section.contents, section.flags);
        const std::size_t loaded = image.size();
        add(image, headers, names, ".shstrtab", Bytes(names.begin(), names.end()), 0);

        ehdr.e_shoff = with_section_headers ? image.size() : 0;
        ehdr.e_shnum = with_section_headers ? static_cast<Elf64_Half>(headers.size()) : 0;
        ehdr.e_shstrndx = static_cast<Elf64_Half>(headers.size() - 1);
        for (const Elf64_Shdr& header : headers) put(image, header);
        set_segments(image, loaded);
        return image;
    }

    // .eh_frame_hdr for an .eh_frame that follows right behind it.
    static Bytes frame_header(const Table& table) {
        Bytes bytes = {1, 0x1b, 0x03, 0x3b};
        const std::uint64_t size = 12 + 8 * table.size();
        put<std::uint32_t>(bytes, static_cast<std::uint32_t>(size - 4));
        put<std::uint32_t>(bytes, static_cast<std::uint32_t>(table.size()));
        for (const auto& [code, fde] : table) {
            put<std::uint32_t>(bytes, static_cast<std::uint32_t>(code - kFrames));
            put<std::uint32_t>(bytes, static_cast<std::uint32_t>(fde - kFrames));
        }
        return bytes;
    }
    static std::uint64_t frame_header_size(std::size_t entries) { return 12 + 8 * entries; }

    bool frame_header_first = false;  // the first section is an .eh_frame_hdr that PT_GNU_EH_FRAME points to
    Elf64_Ehdr ehdr = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                       .e_type = ET_DYN,
                       .e_machine = EM_X86_64,
                       .e_version = EV_CURRENT,
                       .e_phoff = sizeof(Elf64_Ehdr),
                       .e_ehsize = sizeof(Elf64_Ehdr),
                       .e_phentsize = sizeof(Elf64_Phdr),
                       .e_phnum = 3,
                       .e_shentsize = sizeof(Elf64_Shdr)};

private:
    struct Section {
        std::string name;
        Bytes contents;
        std::uint64_t flags;
    };

    static void add(Bytes& image, std::vector<Elf64_Shdr>& headers, std::string& names, const std::string& name,
                    Bytes contents, std::uint64_t flags) {
        const auto name_at = static_cast<Elf64_Word>(names.size());
        names += name + '\0';
        if (name == ".shstrtab") contents = Bytes(names.begin(), names.end());
        headers.push_back({.sh_name = name_at,
                           .sh_type = name == ".shstrtab" ? Elf64_Word{SHT_STRTAB} : Elf64_Word{SHT_PROGBITS},
                           .sh_flags = flags,
                           .sh_addr = image.size(),
                           .sh_offset = image.size(),
                           .sh_size = contents.size()});
        image.insert(image.end(), contents.begin(), contents.end());
    }

    void set_segments(Bytes& image, std::size_t loaded) {
        const Elf64_Word header_type = frame_header_first ? PT_GNU_EH_FRAME : PT_NULL;
        const Elf64_Phdr segments[] = {
            {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = kCode, .p_vaddr = kCode, .p_filesz = kFrames - kCode},
            {.p_type = PT_LOAD, .p_flags = PF_R, .p_offset = kFrames, .p_vaddr = kFrames, .p_filesz = loaded - kFrames},
            {.p_type = header_type, .p_offset = kFrames, .p_vaddr = kFrames}};
        std::memcpy(image.data(), &ehdr, sizeof ehdr);
        std::memcpy(image.data() + sizeof ehdr, segments, sizeof segments);
    }

    std::vector<Section> sections_;
};

}  // namespace footfall
