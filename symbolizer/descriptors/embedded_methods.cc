#include "symbolizer/descriptors/embedded_methods.h"

#include "symbolizer/descriptors/descriptor_scan.h"
#include "symbolizer/elf/elf_file.h"

namespace footfall {

tl::expected<std::vector<std::string>, Miss> embedded_methods(int fd) {
    const auto file = ElfFile::open(fd);
    if (!file) return tl::unexpected(file.error());
    DescriptorScan scan;
    for (const ElfSection& section : file->sections()) {
        const bool data = section.header.sh_type == SHT_PROGBITS && (section.header.sh_flags & SHF_ALLOC) != 0 &&
                          (section.header.sh_flags & SHF_EXECINSTR) == 0;
        if (!data) continue;
        if (const auto bytes = ElfFile::contents(section)) scan.look_through(*bytes);
    }
    return std::vector<std::string>(scan.methods.begin(), scan.methods.end());
}

}  // namespace footfall
