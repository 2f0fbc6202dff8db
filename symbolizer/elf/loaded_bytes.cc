#include "symbolizer/elf/loaded_bytes.h"

#include <sys/mman.h>
#include <sys/stat.h>

namespace footfall {

SharedMapping::SharedMapping(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0 || status.st_size <= 0) return;
    void* const start = mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, fd, 0);
    if (start == MAP_FAILED) return;
    start_ = start;
    size_ = static_cast<std::size_t>(status.st_size);
}

SharedMapping::~SharedMapping() {
    if (start_ != nullptr) munmap(start_, size_);
}

LoadedBytes::LoadedBytes(const ElfFile& file, std::string_view bytes) : bytes_(bytes) {
    for (const GElf_Phdr& segment : file.segments()) {
        if (segment.p_type == PT_LOAD) segments_.push_back(segment);
    }
}

std::optional<std::uint64_t> LoadedBytes::offset_of(std::uint64_t address, std::uint32_t with, std::uint32_t without) const {
    for (const GElf_Phdr& segment : segments_) {
        if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
        if ((segment.p_flags & with) != with || (segment.p_flags & without) != 0) continue;
        return segment.p_offset + (address - segment.p_vaddr);
    }
    return std::nullopt;
}

std::span<const std::uint8_t> LoadedBytes::at(std::uint64_t offset, std::uint64_t most) const {
    if (offset >= bytes_.size()) return {};
    const std::string_view piece = bytes_.substr(offset, most);
    return {reinterpret_cast<const std::uint8_t*>(piece.data()), piece.size()};
}

}  // namespace footfall
