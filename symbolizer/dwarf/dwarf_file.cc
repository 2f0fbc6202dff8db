#include "symbolizer/dwarf/dwarf_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

namespace footfall {
namespace {

// Gives the pages of the file back; they come again, from the page cache, when they are read.
void drop_pages(const ElfFile& file) {
    std::size_t size = 0;
    char* start = elf_rawfile(file.handle(), &size);
    if (start != nullptr) madvise(start, size, MADV_DONTNEED);
}

}  // namespace

tl::expected<DwarfFile, Miss> DwarfFile::open(int fd, int alt) {
    auto elf = ElfFile::open(fd);
    if (!elf) return tl::unexpected(elf.error());
    const ElfSection* info = elf->section(".debug_info");
    if (info == nullptr) info = elf->section(".zdebug_info");
    if (info == nullptr || info->header.sh_type == SHT_NOBITS) return tl::unexpected(Miss::kStripped);
    std::optional<ElfFile> alt_elf;
    if (alt >= 0) {
        if (auto opened = ElfFile::open(alt)) alt_elf = std::move(*opened);
    }
    DwarfFile file(std::move(*elf), std::move(alt_elf));
    if (!file.begin()) return tl::unexpected(Miss::kMalformed);
    return file;
}

// A range takes three bytes at least, which may be compressed.
std::size_t DwarfFile::most_ranges() const {
    constexpr std::size_t kForEachByte = 4;
    constexpr std::size_t kMost = std::size_t{8} << 20;
    return std::min(elf_.bytes().size(), kMost / kForEachByte) * kForEachByte;
}

bool DwarfFile::begin() {
    dwarf_.reset(dwarf_begin_elf(elf_.handle(), DWARF_C_READ, nullptr));
    if (!dwarf_) return false;
    if (alt_elf_) {
        alt_.reset(dwarf_begin_elf(alt_elf_->handle(), DWARF_C_READ, nullptr));
        dwarf_setalt(dwarf_.get(), alt_.get());
    }
    return true;
}

bool DwarfFile::forget() {
    dwarf_.reset();
    alt_.reset();
    drop_pages(elf_);
    if (alt_elf_) drop_pages(*alt_elf_);
    return begin();
}

}  // namespace footfall
