#include "symbolizer/elf/identity.h"

#include <bcc/bcc_elf.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "agent/base/fd.h"

namespace footfall {
namespace {

constexpr std::string_view kSectionName = ".note.gnu.build-id";
constexpr std::size_t kMaxSections = 4096;
constexpr std::size_t kMaxNames = std::size_t{256} << 10;
constexpr std::size_t kNoteHead = 16;  // struct nhdr and "GNU\0"
constexpr std::size_t kMaxBuildId = 64;
#ifdef MFD_NOEXEC_SEAL
constexpr unsigned kMemfdNoExec = MFD_NOEXEC_SEAL;
#else
constexpr unsigned kMemfdNoExec = 0x0008U;  // since Linux 6.3; hosts may demand it (vm.memfd_noexec)
#endif
using Ident = std::array<unsigned char, EI_NIDENT>;
constexpr unsigned char kHostByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

template <typename Value>
using Found = tl::expected<Value, IdentityMiss>;

struct Elf32 {
    using Header = Elf32_Ehdr;
    using Section = Elf32_Shdr;
};
struct Elf64 {
    using Header = Elf64_Ehdr;
    using Section = Elf64_Shdr;
};

bool read_exactly(int fd, std::uint64_t offset, void* into, std::size_t size) {
    auto* bytes = static_cast<char*>(into);
    while (size > 0) {
        const ssize_t count = pread(fd, bytes, size, static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) return false;
        bytes += count;
        offset += static_cast<std::uint64_t>(count);
        size -= static_cast<std::size_t>(count);
    }
    return true;
}

// An ELF file that has nothing but its headers, section names and build-id note.
template <typename Elf>
class Excerpt {
public:
    // ident is what was found to be an ELF file of this class; the file may say something else by now.
    static Found<Excerpt> of(int fd, const Ident& ident) {
        Excerpt excerpt;
        if (const auto miss = excerpt.read(fd, ident)) return tl::unexpected(*miss);
        return excerpt;
    }

    // Its bytes, dense and with the offsets set to where things are now.
    [[nodiscard]] std::vector<char> image() const {
        auto header = header_;
        auto sections = blank_sections();
        header.e_phnum = 0;
        header.e_shoff = sizeof header;
        sections[header.e_shstrndx] = sections_[header.e_shstrndx];
        sections[note_index_] = sections_[note_index_];

        const std::size_t table_size = sections.size() * sizeof(sections[0]);
        const std::size_t names_at = sizeof header + table_size;
        sections[header.e_shstrndx].sh_offset = names_at;
        sections[note_index_].sh_offset = names_at + names_.size();

        std::vector<char> bytes(names_at + names_.size() + note_.size());
        std::memcpy(bytes.data(), &header, sizeof header);
        std::memcpy(bytes.data() + sizeof header, sections.data(), table_size);
        std::copy(names_.begin(), names_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(names_at));
        std::copy(note_.begin(), note_.end(), bytes.end() - static_cast<std::ptrdiff_t>(note_.size()));
        return bytes;
    }

private:
    using Section = typename Elf::Section;

    std::optional<IdentityMiss> read(int fd, const Ident& ident) {
        if (!read_exactly(fd, 0, &header_, sizeof header_)) return IdentityMiss::kTruncated;
        std::copy(ident.begin(), ident.end(), std::begin(header_.e_ident));
        if (header_.e_shnum == 0) return IdentityMiss::kNoBuildId;
        if (header_.e_shentsize != sizeof(Section) || header_.e_shnum > kMaxSections ||
            header_.e_shstrndx >= header_.e_shnum)
            return IdentityMiss::kMalformed;
        sections_.resize(header_.e_shnum);
        if (!read_exactly(fd, header_.e_shoff, sections_.data(), sections_.size() * sizeof(Section)))
            return IdentityMiss::kTruncated;
        if (const auto miss = read_names(fd)) return miss;
        return read_note(fd);
    }

    std::optional<IdentityMiss> read_names(int fd) {
        const Section& names = sections_[header_.e_shstrndx];
        if (names.sh_type != SHT_STRTAB || names.sh_size == 0 || names.sh_size > kMaxNames ||
            names.sh_flags & SHF_COMPRESSED)
            return IdentityMiss::kMalformed;
        names_.resize(names.sh_size);
        if (!read_exactly(fd, names.sh_offset, names_.data(), names_.size())) return IdentityMiss::kTruncated;
        return names_.back() == '\0' ? std::nullopt : std::optional(IdentityMiss::kMalformed);
    }

    std::optional<IdentityMiss> read_note(int fd) {
        const auto is_note = [this](const Section& section) { return name_of(section) == kSectionName; };
        const auto found = std::find_if(sections_.begin(), sections_.end(), is_note);
        if (found == sections_.end()) return IdentityMiss::kNoBuildId;
        if (found->sh_type != SHT_NOTE || found->sh_flags & SHF_COMPRESSED || found->sh_size <= kNoteHead ||
            found->sh_size > kNoteHead + kMaxBuildId)
            return IdentityMiss::kMalformed;
        note_index_ = static_cast<std::size_t>(found - sections_.begin());
        note_.resize(found->sh_size);
        if (!read_exactly(fd, found->sh_offset, note_.data(), note_.size())) return IdentityMiss::kTruncated;
        return std::nullopt;
    }

    [[nodiscard]] std::string_view name_of(const Section& section) const {
        return section.sh_name < names_.size() ? std::string_view(names_.data() + section.sh_name) : std::string_view();
    }

    [[nodiscard]] std::vector<Section> blank_sections() const {
        std::vector<Section> blank(sections_.size());
        for (Section& section : blank) section.sh_type = SHT_NULL;
        return blank;
    }

    typename Elf::Header header_{};
    std::vector<Section> sections_;
    std::vector<char> names_;
    std::vector<char> note_;
    std::size_t note_index_ = 0;
};

Fd memory_file(const std::vector<char>& bytes) {
    Fd fd(memfd_create("elf-excerpt", MFD_CLOEXEC | kMemfdNoExec));
    if (!fd.valid() && errno == EINVAL) fd = Fd(memfd_create("elf-excerpt", MFD_CLOEXEC));
    if (!fd.valid() || write(fd.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) return Fd();
    return fd;
}

template <typename Elf>
Found<std::string> build_id_of(int fd, const Ident& ident) {
    const auto excerpt = Excerpt<Elf>::of(fd, ident);
    if (!excerpt) return tl::unexpected(excerpt.error());
    const Fd copy = memory_file(excerpt->image());
    if (!copy.valid()) return tl::unexpected(IdentityMiss::kCannotOpen);

    std::array<char, 2 * kMaxBuildId + 1> hex{};
    const std::string path = "/proc/self/fd/" + std::to_string(copy.get());
    if (bcc_elf_get_buildid(path.c_str(), hex.data()) != 0) return tl::unexpected(IdentityMiss::kNoBuildId);
    return std::string(hex.data());
}

}  // namespace

std::string_view text_of(IdentityMiss miss) {
    switch (miss) {
        case IdentityMiss::kCannotOpen:
            return "it cannot be opened";
        case IdentityMiss::kNotRegular:
            return "it is not a regular file";
        case IdentityMiss::kNotElf:
            return "it is not an ELF file of this machine";
        case IdentityMiss::kTruncated:
            return "it is cut short";
        case IdentityMiss::kMalformed:
            return "its ELF headers are not valid";
        case IdentityMiss::kNoBuildId:
            return "it was linked without one";
    }
    return "";
}

tl::expected<std::string, IdentityMiss> read_build_id(const std::filesystem::path& file) {
    // Without O_NONBLOCK, opening a pipe would wait for its writer.
    const Fd fd(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.valid()) return tl::unexpected(IdentityMiss::kCannotOpen);
    struct stat status {};
    if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return tl::unexpected(IdentityMiss::kNotRegular);

    Ident ident{};
    if (!read_exactly(fd.get(), 0, ident.data(), ident.size()) || std::memcmp(ident.data(), ELFMAG, SELFMAG) != 0 ||
        ident[EI_DATA] != kHostByteOrder || ident[EI_VERSION] != EV_CURRENT)
        return tl::unexpected(IdentityMiss::kNotElf);
    if (ident[EI_CLASS] == ELFCLASS64) return build_id_of<Elf64>(fd.get(), ident);
    if (ident[EI_CLASS] == ELFCLASS32) return build_id_of<Elf32>(fd.get(), ident);
    return tl::unexpected(IdentityMiss::kNotElf);
}

}  // namespace footfall
