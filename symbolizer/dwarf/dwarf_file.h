// A file with DWARF, open for libdw. Threads: one at a time.
//
// libdw keeps all that it ever decoded until it is closed. Whoever reads much can let go of that with forget(): offsets into
// the file stay good, and so does text, which lies in the file; DIEs do not.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <tl/expected.hpp>

#include "symbolizer/elf/elf_file.h"
#include "symbolizer/frame.h"

namespace footfall {

class DwarfFile {
public:
    // The descriptors must stay open as long as this is. alt: the dwz file, or -1. kStripped: it has no DWARF.
    static tl::expected<DwarfFile, Miss> open(int fd, int alt);

    // Changes when it forgets.
    [[nodiscard]] Dwarf* handle() const { return dwarf_.get(); }
    [[nodiscard]] const ElfFile& elf() const { return elf_; }
    // More ranges of addresses than its entries can have, unless they share lists of them to keep us busy.
    [[nodiscard]] std::size_t most_ranges() const;

    // False when it can't be opened again: then there is no handle any more.
    bool forget();

private:
    struct Closer {
        void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
    };
    using Handle = std::unique_ptr<Dwarf, Closer>;

    DwarfFile(ElfFile elf, std::optional<ElfFile> alt_elf) : elf_(std::move(elf)), alt_elf_(std::move(alt_elf)) {}
    bool begin();

    ElfFile elf_;
    std::optional<ElfFile> alt_elf_;
    Handle alt_;  // outlives dwarf_, which refers to it
    Handle dwarf_;
};

}  // namespace footfall
