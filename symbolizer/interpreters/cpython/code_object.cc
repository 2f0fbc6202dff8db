#include "symbolizer/interpreters/cpython/code_object.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "bpf/unwind/cpython_check.h"

namespace footfall {
namespace {

// PyASCIIObject: length, and the state's bits (Include/cpython/unicodeobject.h).
constexpr std::uint64_t kTextLength = 16;
constexpr std::uint64_t kTextState = 32;
constexpr unsigned kKindShift = 2;
constexpr std::uint8_t kKindBits = 7;
constexpr std::uint8_t kCompact = 1U << 5U;
constexpr std::uint8_t kAscii = 1U << 6U;

// PyBytesObject
constexpr std::uint64_t kBytesLength = 16;
constexpr std::uint64_t kBytes = 32;

void append_utf8(std::string& text, std::uint32_t character) {
    constexpr std::uint32_t kReplacement = 0xfffd;
    const bool is_surrogate = character >= 0xd800 && character < 0xe000;
    if (is_surrogate || character > 0x10ffff) character = kReplacement;
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    const auto add_rest = [&](unsigned shift) { add(0x80U | (character >> shift & 0x3fU)); };
    if (character < 0x80) return add(character);
    if (character < 0x800) {
        add(0xc0U | character >> 6U);
        return add_rest(0);
    }
    if (character < 0x10000) {
        add(0xe0U | character >> 12U);
        add_rest(6);
        return add_rest(0);
    }
    add(0xf0U | character >> 18U);
    add_rest(12);
    add_rest(6);
    add_rest(0);
}

template <typename Character>
std::string utf8_of(const std::vector<std::byte>& bytes) {
    std::string text;
    for (std::size_t i = 0; i + sizeof(Character) <= bytes.size(); i += sizeof(Character)) {
        Character character{};
        std::memcpy(&character, bytes.data() + i, sizeof character);
        append_utf8(text, character);
    }
    return text;
}

struct CodeWords {
    std::array<__u64, 32> words{};
    std::uint64_t name_hash = 0;

    bool read(MemoryReader& memory, const CpythonLayout& layout, std::uint64_t address) {
        if (!memory.read(address, std::as_writable_bytes(std::span(words)).first(FF_CPYTHON_CODE_BYTES))) return false;
        if (layout.frames.name_hash == FF_CPYTHON_ABSENT) return true;
        const auto hash = memory.value<std::uint64_t>(pointer(layout.frames.code_name) + layout.frames.name_hash);
        name_hash = hash.value_or(0);
        return hash.has_value();
    }
    [[nodiscard]] bool is_meant(const CpythonLayout& layout, std::uint32_t check) const {
        return words[1] == layout.frames.code_type && ff_cpython_check(words.data(), name_hash, &layout.frames) == check;
    }
    [[nodiscard]] std::uint64_t pointer(std::uint16_t offset) const { return ff_cpython_code_word(words.data(), offset); }
};

std::vector<std::byte> read_bytes(MemoryReader& memory, std::uint64_t address) {
    const auto length = memory.value<std::uint64_t>(address + kBytesLength);
    if (!length || *length > kMostPythonLineTable) return {};
    std::vector<std::byte> bytes(*length);
    if (!memory.read(address + kBytes, bytes)) return {};
    return bytes;
}

}  // namespace

std::optional<std::string> read_python_text(MemoryReader& memory, const CpythonLayout& layout, std::uint64_t address) {
    const auto length = memory.value<std::uint64_t>(address + kTextLength);
    const auto state = memory.value<std::uint8_t>(address + kTextState);
    if (!length || !state || (*state & kCompact) == 0) return std::nullopt;
    const std::size_t width = *state >> kKindShift & kKindBits;
    if (width != 1 && width != 2 && width != 4) return std::nullopt;
    const bool ascii = (*state & kAscii) != 0;
    std::vector<std::byte> bytes(std::min<std::uint64_t>(*length, kMostPythonText) * width);
    if (!memory.read(address + (ascii ? layout.ascii_text : layout.other_text), bytes)) return std::nullopt;
    if (width == 4) return utf8_of<std::uint32_t>(bytes);
    return width == 2 ? utf8_of<std::uint16_t>(bytes) : utf8_of<std::uint8_t>(bytes);
}

std::optional<PythonCode> read_python_code(MemoryReader& memory, const CpythonLayout& layout, std::uint64_t address,
                                           std::uint32_t check) {
    CodeWords object;
    if (!object.read(memory, layout, address) || !object.is_meant(layout, check)) return std::nullopt;
    const bool qualified = layout.code_qualified_name != FF_CPYTHON_ABSENT;
    auto name =
        read_python_text(memory, layout, object.pointer(qualified ? layout.code_qualified_name : layout.frames.code_name));
    auto file = read_python_text(memory, layout, object.pointer(layout.frames.code_file));
    if (!name || name->empty() || !file) return std::nullopt;
    PythonCode code{std::move(*name), std::move(*file),
                    ff_cpython_code_int(object.words.data(), layout.frames.code_first_line),
                    read_bytes(memory, object.pointer(layout.frames.code_lines))};
    // It was there all the while, and so was what it points to.
    if (!object.read(memory, layout, address) || !object.is_meant(layout, check)) return std::nullopt;
    return code;
}

}  // namespace footfall
