// What the symbolizer's worker reads of an ELF file without its DWARF: its description, its symbols, and Go's function
// table.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "agent/base/fd.h"
#include "symbolizer/elf/description.h"
#include "symbolizer/elf/go_functions.h"
#include "symbolizer/elf/symbol_table.h"
#include "symbolizer/names/demangle.h"

namespace {

constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

void look_up(const footfall::SymbolTable& table, std::uint64_t from) {
    if (table.bytes() > 2 * kMaxBytes) abort();
    for (std::uint64_t address = from; address - from < 512; address += 16) {
        const auto symbol = table.find(address);
        if (!symbol) continue;
        if (symbol->start > address || symbol->name.empty()) abort();
        static_cast<void>(footfall::demangled(symbol->name));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const footfall::Fd fd(memfd_create("input", MFD_CLOEXEC));
    if (!fd.valid() || write(fd.get(), data, size) != static_cast<ssize_t>(size)) return 0;
    const auto description = footfall::describe_elf(fd.get());
    if (!description) return 0;
    if (description->build_id.size() > 128 || description->alt_build_id.size() > 128) abort();
    const std::uint64_t from = description->code.empty() ? 0x1000 : description->code[0].address;
    const auto file = footfall::ElfFile::open(fd.get());
    const auto table = file ? footfall::SymbolTable::read(*file, kMaxBytes) : tl::unexpected(file.error());
    if (table) look_up(*table, from);
    const auto go = footfall::GoFunctions::open(fd.get());
    for (std::uint64_t address = from; go && address - from < 512; address += 16) {
        static_cast<void>(go->find(address));
        static_cast<void>(go->line_of(address));
    }
    return 0;
}
