// The notes of USDT probes. An input is the size of addresses (its first bit: four bytes or eight) and the notes, which are
// read as they are, and out of an ELF file that they are laid into, so that their addresses are followed too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "symbolizer/functions/usdt_notes.h"
#include "symbolizer/functions/usdt_probes.h"
#include "tests/unit/unwind/elf_image.h"

namespace footfall {
namespace {

bool lies_in(std::string_view text, std::span<const std::uint8_t> section) {
    const auto* const begin = reinterpret_cast<const char*>(section.data());
    return !text.empty() && text.data() >= begin && text.data() + text.size() < begin + section.size();
}

void read_notes(std::span<const std::uint8_t> section, unsigned address_bytes) {
    const UsdtNotes found = read_usdt_notes(section, address_bytes);
    if (found.notes.size() > section.size() / 32) std::abort();
    for (const UsdtNote& note : found.notes) {
        if (!lies_in(note.provider, section) || !lies_in(note.name, section)) std::abort();
    }
}

void read_file(std::span<const std::uint8_t> section) {
    ElfImage image;
    image.add_section(".stapsdt.base", {0});
    image.add_section(".note.stapsdt", Bytes(section.begin(), section.end()));
    Bytes bytes = image.bytes();
    std::fill(bytes.begin() + ElfImage::kCode, bytes.begin() + ElfImage::kFrames, std::uint8_t{0x90});
    const std::span contents(reinterpret_cast<char*>(bytes.data()), bytes.size());
    const auto file = ElfFile::open(contents);
    if (!file) std::abort();
    for (const UsdtProbe& probe : usdt_probes(*file, {contents.data(), contents.size()}, 1).probes) {
        if (!means_usdt(probe.name) || probe.sites.empty() != (probe.no_site != NoSite::kNone)) std::abort();
        for (const UsdtSite& site : probe.sites) {
            // The image has no data that may be written.
            if (site.argument && site.argument->base != UsdtArgument::kNoRegister &&
                site.argument->base > UsdtArgument::kInstruction)
                std::abort();
            if (site.semaphore_offset != 0 || site.file_offset < ElfImage::kCode || site.file_offset >= ElfImage::kFrames)
                std::abort();
        }
    }
}

}  // namespace
}  // namespace footfall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::span section(data + 1, size - 1);
    footfall::read_notes(section, (data[0] & 1U) != 0 ? 4 : 8);
    footfall::read_file(section);
    return 0;
}
