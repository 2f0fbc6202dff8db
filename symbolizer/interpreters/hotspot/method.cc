#include "symbolizer/interpreters/hotspot/method.h"

#include <algorithm>

#include "symbolizer/interpreters/hotspot/numbers.h"

namespace footfall {
namespace {

constexpr std::uint32_t kMostSymbol = 4096;       // bytes of a name
constexpr std::size_t kMostLineBytes = 1U << 17;  // of a line number table: 65,535 bytecodes, a line each
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kPointerBytes = 8;

// Reads of one virtual machine.
class Reader {
public:
    Reader(const HotspotLayout& layout, MemoryReader& memory) : layout_(layout), memory_(memory) {}

    [[nodiscard]] std::uint64_t pointer(std::uint64_t at) const { return memory_.value<std::uint64_t>(at).value_or(0); }
    [[nodiscard]] std::optional<std::uint16_t> half(std::uint64_t at) const { return memory_.value<std::uint16_t>(at); }

    [[nodiscard]] std::optional<std::string> symbol(std::uint64_t at) const {
        const auto length = at != 0 ? half(at + layout_.symbol_length) : std::nullopt;
        if (!length || *length == 0 || *length > kMostSymbol) return std::nullopt;
        std::string text(*length, '\0');
        if (!memory_.read(at + layout_.symbol_body, std::as_writable_bytes(std::span(text)))) return std::nullopt;
        return text;
    }

    // The symbol with that number in a pool of constants.
    [[nodiscard]] std::optional<std::string> symbol_in(std::uint64_t pool, std::optional<std::uint16_t> index) const {
        const auto length = memory_.value<std::uint32_t>(pool + layout_.pool_length);
        if (!length || !index || *index == 0 || *index >= *length) return std::nullopt;
        return symbol(pointer(pool + layout_.pool_bytes + kPointerBytes * *index));
    }

    [[nodiscard]] bool has_lines(std::uint64_t const_method) const {
        const std::uint64_t at = const_method + layout_.method_flags.offset;
        const std::uint32_t flags =
            layout_.method_flags.bytes == 2 ? half(at).value_or(0) : memory_.value<std::uint32_t>(at).value_or(0);
        return (flags & layout_.has_lines) != 0;
    }

    [[nodiscard]] std::vector<JavaMethod::LineStart> lines(std::uint64_t table) const;

private:
    const HotspotLayout& layout_;
    MemoryReader& memory_;
};

// False: the bytes end before the table does.
bool decode_lines(std::span<const std::byte> bytes, bool without_zeros, std::vector<JavaMethod::LineStart>& lines) {
    constexpr std::uint8_t kEnd = 0;
    constexpr std::uint8_t kLarge = 0xff;  // both distances follow as numbers
    HotspotNumbers numbers(bytes, without_zeros);
    std::uint32_t bci = 0;
    std::uint32_t line = 0;
    lines.clear();
    for (;;) {
        const std::uint8_t next = numbers.byte();
        if (!numbers.ok()) return false;
        if (next == kEnd) return true;
        if (next == kLarge) {
            bci += static_cast<std::uint32_t>(numbers.signed_number());
            line += static_cast<std::uint32_t>(numbers.signed_number());
        } else {
            bci += next >> 3;
            line += next & 7;
        }
        if (!numbers.ok()) return false;
        lines.push_back({bci, line});
    }
}

// Nobody says how long a table is, and what lies behind it may not be readable: so it is read up to the end of a page at a
// time.
std::vector<JavaMethod::LineStart> Reader::lines(std::uint64_t table) const {
    std::vector<JavaMethod::LineStart> lines;
    std::vector<std::byte> bytes;
    while (bytes.size() < kMostLineBytes) {
        const std::uint64_t at = table + bytes.size();
        const auto more = memory_.bytes(at, kPage - at % kPage);
        if (!more) return {};
        bytes.insert(bytes.end(), more->begin(), more->end());
        if (decode_lines(bytes, layout_.numbers_without_zeros, lines)) return lines;
    }
    return {};
}

// Hidden classes are called Main$$Lambda/0x00007f1234567890 (since 17; 15 and 16 say 14/0x…), and the same in a Symbol with
// a plus sign: that number is another one in each process.
std::string without_address(const std::string& name) {
    const std::size_t at = std::min(name.find("+0x"), name.find("/0x"));
    return at == std::string::npos ? name : name.substr(0, at);
}

std::string class_name_of(std::string symbol) {
    symbol = without_address(symbol);
    std::replace(symbol.begin(), symbol.end(), '/', '.');
    return symbol;
}

}  // namespace

// As the virtual machine itself does (Method::line_number_from_bci).
std::uint32_t JavaMethod::line_at(std::int32_t bci) const {
    LineStart nearest;
    for (const LineStart& start : lines) {
        const auto begin = static_cast<std::int64_t>(start.bci);
        if (begin == bci) return start.line;
        if (begin < bci && start.bci >= nearest.bci) nearest = start;
    }
    return nearest.line;
}

std::optional<JavaMethod> read_method(const HotspotLayout& layout, MemoryReader& memory, std::uint64_t method) {
    const Reader read(layout, memory);
    JavaMethod found;
    found.const_method = method != 0 ? read.pointer(method + layout.const_method) : 0;
    if (found.const_method == 0) return std::nullopt;
    const std::uint64_t pool = read.pointer(found.const_method + layout.constants);
    const std::uint64_t holder = pool != 0 ? read.pointer(pool + layout.pool_holder) : 0;
    if (holder == 0) return std::nullopt;
    const auto class_name = read.symbol(read.pointer(holder + layout.klass_name));
    const auto name = read.symbol_in(pool, read.half(found.const_method + layout.name_index));
    const auto code_size = read.half(found.const_method + layout.code_size);
    if (!class_name || !name || !code_size) return std::nullopt;
    found.name = class_name_of(*class_name) + "." + *name;
    found.code_size = *code_size;
    if (layout.source_file_index != 0)
        found.file = read.symbol_in(pool, read.half(pool + layout.source_file_index)).value_or("");
    if (read.has_lines(found.const_method))
        found.lines = read.lines(found.const_method + layout.const_method_bytes + found.code_size);
    return found;
}

}  // namespace footfall
