#include "symbolizer/elf/elf_file.h"

#include <algorithm>
#include <bit>

namespace footfall {
namespace {

constexpr unsigned char kNativeByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
constexpr std::size_t kMaxHeaders = 65'536;

}  // namespace

tl::expected<ElfFile, Miss> ElfFile::open(int fd) {
    if (elf_version(EV_CURRENT) == EV_NONE) return tl::unexpected(Miss::kNotElf);
    return checked(elf_begin(fd, ELF_C_READ_MMAP, nullptr));
}

tl::expected<ElfFile, Miss> ElfFile::open(std::span<char> image) {
    if (elf_version(EV_CURRENT) == EV_NONE) return tl::unexpected(Miss::kNotElf);
    return checked(elf_memory(image.data(), image.size()));
}

tl::expected<ElfFile, Miss> ElfFile::checked(Elf* elf) {
    if (elf == nullptr) return tl::unexpected(Miss::kNotElf);
    ElfFile file(elf);
    GElf_Ehdr header;
    if (elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &header) == nullptr) return tl::unexpected(Miss::kNotElf);
    if (header.e_ident[EI_DATA] != kNativeByteOrder) return tl::unexpected(Miss::kNotElf);
    file.read_sections();
    return file;
}

void ElfFile::read_sections() {
    std::size_t names = 0;
    std::size_t count = 0;
    if (elf_getshdrnum(elf_.get(), &count) != 0 || count > kMaxHeaders || elf_getshdrstrndx(elf_.get(), &names) != 0) return;
    sections_.reserve(count);
    for (Elf_Scn* handle = elf_nextscn(elf_.get(), nullptr); handle != nullptr; handle = elf_nextscn(elf_.get(), handle)) {
        ElfSection section{handle, {}, {}};
        if (gelf_getshdr(handle, &section.header) == nullptr) continue;
        const char* name = elf_strptr(elf_.get(), names, section.header.sh_name);
        if (name != nullptr) section.name = name;
        sections_.push_back(section);
    }
}

const ElfSection* ElfFile::section(std::string_view name) const {
    const auto found =
        std::find_if(sections_.begin(), sections_.end(), [&](const ElfSection& it) { return it.name == name; });
    return found == sections_.end() ? nullptr : &*found;
}

const ElfSection* ElfFile::section_of_type(std::uint32_t type) const {
    const auto found =
        std::find_if(sections_.begin(), sections_.end(), [&](const ElfSection& it) { return it.header.sh_type == type; });
    return found == sections_.end() ? nullptr : &*found;
}

std::vector<GElf_Phdr> ElfFile::segments() const {
    std::vector<GElf_Phdr> segments;
    std::size_t count = 0;
    if (elf_getphdrnum(elf_.get(), &count) != 0 || count > kMaxHeaders) return segments;
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf_.get(), static_cast<int>(i), &segment) != nullptr) segments.push_back(segment);
    }
    return segments;
}

std::string_view ElfFile::bytes() const {
    std::size_t size = 0;
    const char* bytes = elf_rawfile(elf_.get(), &size);
    return bytes != nullptr ? std::string_view(bytes, size) : std::string_view();
}

std::optional<std::string_view> ElfFile::contents(const ElfSection& section) {
    if (section.header.sh_type == SHT_NOBITS) return std::nullopt;
    if ((section.header.sh_flags & SHF_COMPRESSED) != 0 && elf_compress(section.handle, 0, 0) < 0) return std::nullopt;
    const Elf_Data* data = elf_rawdata(section.handle, nullptr);
    if (data == nullptr || data->d_buf == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data->d_buf), data->d_size);
}

}  // namespace footfall
