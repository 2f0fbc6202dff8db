// Go's function table, read twice: for names and lines, and for unwinding. An input is the length of some code (two bytes),
// the code, which begins the text, and the table, which is laid into an ELF file: so that mutations reach the table and not
// the headers around it, which are of the targets elf_symbols and eh_frame. The readers must agree on what functions there
// are.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <vector>

#include "symbolizer/elf/go_functions.h"
#include "symbolizer/unwind/byte_cursor.h"
#include "symbolizer/unwind/go_table_finder.h"
#include "symbolizer/unwind/table_builder.h"
#include "symbolizer/unwind/table_file.h"
#include "tests/fuzz/checking_sink.h"
#include "tests/unit/unwind/elf_image.h"

namespace footfall {
namespace {

constexpr std::uint64_t kText = 0x2000;
constexpr std::uint64_t kMostCode = 0x4000;
constexpr std::uint64_t kMostFunctions = 256;  // that are looked at

Bytes file_with(std::span<const std::uint8_t> code, std::span<const std::uint8_t> table) {
    ElfImage image;
    image.add_section(".gopclntab", Bytes(table.begin(), table.end()));
    Bytes file = image.bytes();
    std::copy(code.begin(), code.end(), file.begin() + kText);
    return file;
}

std::vector<GoFunction> functions_of(GoTableReader& table) {
    std::vector<GoFunction> functions;
    for (std::uint64_t i = 0; i < std::min(table.table().function_count, kMostFunctions); ++i) {
        const auto function = table.function(i);
        // Without order, or with holes, a search by address may find another one.
        if (!function || (!functions.empty() && function->begin != functions.back().end)) break;
        functions.push_back(*function);
    }
    return functions;
}

void compare(int fd, std::size_t size, const GoFunctions& names) {
    FileBlocks file(fd, size);
    const auto sections = find_unwind_sections(file);
    const auto place = sections ? find_go_table(file, *sections) : std::nullopt;
    if (!place) std::abort();
    GoTableReader table(file, *place);
    const auto functions = functions_of(table);
    if (functions.size() != table.table().function_count) return;
    for (const GoFunction& function : functions) {
        const std::string name = table.name_of(function);
        const auto found = names.find(table.table().text_start + function.end - 1);
        if (found.has_value() == name.empty()) std::abort();
        if (found && (!found->name.starts_with(name) || found->start != table.table().text_start + function.begin))
            std::abort();
    }
}

void look_up(const GoFunctions& functions, std::uint64_t address) {
    const auto function = functions.find(address);
    if (function && (function->start > address || function->name.empty())) std::abort();
    const auto place = functions.line_of(address);
    if (place && (!function || place->line == 0)) std::abort();
}

void build_rows(int fd) {
    Fd file(memfd_create("table", MFD_CLOEXEC));
    TableFileWriter writer(file.get(), {});
    CheckingSink sink(writer);
    if (!build_unwind_table(fd, sink)) return;
    if (!writer.finish() || !TableFile::open(std::move(file))) std::abort();
}

}  // namespace
}  // namespace footfall

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace footfall;
    ByteCursor input({data, size});
    const std::uint64_t wanted = std::min<std::uint64_t>(input.number<std::uint16_t>(), kMostCode);
    const auto code = input.take(std::min<std::uint64_t>(wanted, input.rest().size()));
    const Bytes bytes = file_with(code, input.rest());
    const Fd fd = file_of(bytes);
    if (!fd.valid()) return 0;
    build_rows(fd.get());
    const auto functions = GoFunctions::open(fd.get());
    if (!functions) return 0;
    compare(fd.get(), bytes.size(), *functions);
    for (std::uint64_t address = kText - 16; address < kText + 0x400; address += 8) look_up(*functions, address);
    for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{1} << 47, ~std::uint64_t{0}})
        look_up(*functions, address);
    return 0;
}
