#include "symbolizer/interpreters/runtime_symbols.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <optional>
#include <span>

#include "symbolizer/elf/instruction.h"
#include "symbolizer/elf/loaded_bytes.h"
#include "symbolizer/unwind/function_bounds.h"

namespace footfall {
namespace {

// The first tells that a file has an interpreter at all; the others are looked for only then. CPython: Include/cpython and
// Include/internal/pycore_runtime.h of 3.9 to 3.13.
struct Family {
    std::string_view mark;
    std::array<std::string_view, 2> names;
    std::string_view evaluates;  // the function that runs scripts
};

constexpr Family kCpython{"_PyRuntime", {"PyCode_Type", "Py_Version"}, "_PyEval_EvalFrameDefault"};

constexpr std::size_t kMostFunction = std::size_t{1} << 20;  // bytes of code that are looked through
constexpr std::size_t kMostParts = 16;

std::optional<std::string_view> strings_of(const ElfFile& file, const ElfSection& symbols) {
    const std::uint32_t link = symbols.header.sh_link;
    Elf_Scn* section = elf_getscn(file.handle(), link);
    Elf_Data* data = section != nullptr ? elf_rawdata(section, nullptr) : nullptr;
    if (data == nullptr || data->d_buf == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(data->d_buf), data->d_size);
}

bool has_name(std::string_view strings, std::string_view name) {
    for (std::size_t at = strings.find(name); at != std::string_view::npos; at = strings.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if (end < strings.size() && strings[end] == '\0' && (at == 0 || strings[at - 1] == '\0')) return true;
    }
    return false;
}

std::string_view name_at(std::string_view strings, std::size_t at) {
    if (at >= strings.size()) return {};
    const std::string_view from = strings.substr(at);
    return from.substr(0, from.find('\0'));
}

// Those of the family in one symbol table; none where its mark is not there.
std::vector<RuntimeSymbol> symbols_in(const ElfFile& file, std::uint32_t type, const Family& family) {
    const ElfSection* section = file.section_of_type(type);
    const auto strings = section != nullptr ? strings_of(file, *section) : std::nullopt;
    if (!strings || !has_name(*strings, family.mark)) return {};
    Elf_Data* data = elf_getdata(section->handle, nullptr);
    if (data == nullptr || section->header.sh_entsize == 0) return {};
    std::vector<RuntimeSymbol> found;
    const auto count = static_cast<int>(data->d_size / section->header.sh_entsize);
    for (int i = 0; i < count; ++i) {
        GElf_Sym symbol;
        if (gelf_getsym(data, i, &symbol) == nullptr || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) continue;
        const std::string_view name = name_at(*strings, symbol.st_name);
        const bool wanted = name == family.mark || name == family.evaluates ||
                            std::find(family.names.begin(), family.names.end(), name) != family.names.end();
        if (wanted) found.push_back({std::string(name), symbol.st_value, symbol.st_size});
    }
    return found;
}

// Parts of a function lie where it jumps to, if that is neither in it nor where another function begins.
void add_moved_parts(const LoadedBytes& bytes, FunctionBounds& bounds, std::vector<ScriptCode>& code) {
    const ScriptCode body = code.front();
    const auto offset = bytes.offset_of(body.begin, PF_X);
    if (!offset) return;
    std::span<const std::uint8_t> left = bytes.at(*offset, std::min<std::uint64_t>(body.end - body.begin, kMostFunction));
    const InstructionDecoder decoder;
    for (std::uint64_t address = body.begin; !left.empty() && code.size() < kMostParts;) {
        const auto instruction = decoder.decode_plain(left);
        const std::size_t length = instruction ? instruction->length : 1;
        const auto target = instruction ? target_of(*instruction, address) : std::nullopt;
        const bool calls = instruction && instruction->meta.category == ZYDIS_CATEGORY_CALL;
        address += length;
        left = left.subspan(std::min(length, left.size()));
        if (!target || calls) continue;
        const auto covers = [&](const ScriptCode& part) { return *target >= part.begin && *target < part.end; };
        if (std::any_of(code.begin(), code.end(), covers)) continue;
        const auto part = bounds.find(*target);
        if (part && part->begin != *target) code.push_back({part->begin, part->end});
    }
}

std::vector<ScriptCode> script_code_of(const ElfFile& file, int fd, const RuntimeSymbol& function) {
    std::vector<ScriptCode> code{{function.address, function.address + function.size}};
    const auto bounds = FunctionBounds::open(fd);
    if (!bounds) return code;
    if (const auto body = bounds->find(function.address)) code.front().end = std::max(code.front().end, body->end);
    const SharedMapping mapping(fd);
    if (!mapping.bytes().empty()) add_moved_parts(LoadedBytes(file, mapping.bytes()), *bounds, code);
    return code;
}

}  // namespace

const RuntimeSymbol* RuntimeSymbols::find(std::string_view name) const {
    const auto found =
        std::find_if(symbols.begin(), symbols.end(), [&](const RuntimeSymbol& symbol) { return symbol.name == name; });
    return found == symbols.end() ? nullptr : &*found;
}

bool RuntimeSymbols::runs_scripts(std::uint64_t address) const {
    return std::any_of(script_code.begin(), script_code.end(),
                       [&](const ScriptCode& code) { return address >= code.begin && address < code.end; });
}

RuntimeSymbols find_runtime_symbols(const ElfFile& file, int fd) {
    RuntimeSymbols found;
    for (const std::uint32_t type : {SHT_DYNSYM, SHT_SYMTAB}) {
        found.symbols = symbols_in(file, type, kCpython);
        if (!found.symbols.empty()) break;
    }
    if (const RuntimeSymbol* function = found.find(kCpython.evaluates))
        found.script_code = script_code_of(file, fd, *function);
    return found;
}

}  // namespace footfall
