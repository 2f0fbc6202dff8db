// An ELF file that is open for reading with libelf. It maps the file: one that shrinks while it is read ends the process,
// which is why only the symbolizer's worker (and tests) may open files of others.
//
// Threads: one at a time for each file.
#pragma once

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "symbolizer/frame.h"

namespace footfall {

struct ElfSection {
    Elf_Scn* handle = nullptr;  // valid as long as the file is
    GElf_Shdr header{};
    std::string_view name;  // valid as long as the file is
};

class ElfFile {
public:
    // The descriptor must stay open as long as this is used. kNotElf, kMalformed.
    static tl::expected<ElfFile, Miss> open(int fd);
    // The same from memory, which must outlive it.
    static tl::expected<ElfFile, Miss> open(std::span<char> image);

    [[nodiscard]] Elf* handle() const { return elf_.get(); }
    [[nodiscard]] const std::vector<ElfSection>& sections() const { return sections_; }
    [[nodiscard]] const ElfSection* section(std::string_view name) const;
    [[nodiscard]] const ElfSection* section_of_type(std::uint32_t type) const;
    [[nodiscard]] std::vector<GElf_Phdr> segments() const;
    // All of the file.
    [[nodiscard]] std::string_view bytes() const;

    // The bytes of a section as they are in the file, inflated if they are compressed; nothing where it has none.
    // Valid as long as the file is.
    [[nodiscard]] static std::optional<std::string_view> contents(const ElfSection& section);

private:
    struct Closer {
        void operator()(Elf* elf) const { elf_end(elf); }
    };
    explicit ElfFile(Elf* elf) : elf_(elf) {}
    static tl::expected<ElfFile, Miss> checked(Elf* elf);
    void read_sections();

    std::unique_ptr<Elf, Closer> elf_;
    std::vector<ElfSection> sections_;
};

}  // namespace footfall
