#include "symbolizer/functions/usdt_notes.h"

#include <algorithm>
#include <optional>

#include "symbolizer/unwind/byte_cursor.h"

namespace footfall {
namespace {

constexpr std::uint32_t kUsdtType = 3;
constexpr std::string_view kUsdtName("stapsdt\0", 8);
constexpr std::size_t kLongestName = 128;

// Printed, matched with globs and split at colons by those who read them.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kLongestName &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

std::uint64_t address_from(ByteCursor& cursor, unsigned address_bytes) {
    return address_bytes == sizeof(std::uint32_t) ? cursor.number<std::uint32_t>() : cursor.number<std::uint64_t>();
}

std::optional<UsdtNote> note_from(std::span<const std::uint8_t> description, unsigned address_bytes) {
    ByteCursor cursor(description);
    UsdtNote note;
    note.address = address_from(cursor, address_bytes);
    note.base = address_from(cursor, address_bytes);
    note.semaphore = address_from(cursor, address_bytes);
    note.provider = cursor.text();
    note.name = cursor.text();
    if (!cursor.ok() || !is_name(note.provider) || !is_name(note.name)) return std::nullopt;
    const std::string_view arguments = cursor.text();
    if (cursor.ok()) note.arguments = arguments;
    return note;
}

// The last one needs not be filled up.
std::span<const std::uint8_t> filled_up(ByteCursor& cursor, std::uint32_t size) {
    const auto bytes = cursor.take(size);
    const std::size_t filling = (4 - size % 4) % 4;
    if (cursor.ok()) cursor.take(std::min(filling, cursor.rest().size()));
    return bytes;
}

}  // namespace

UsdtNotes read_usdt_notes(std::span<const std::uint8_t> section, unsigned address_bytes) {
    UsdtNotes found;
    ByteCursor cursor(section);
    while (!cursor.at_end()) {
        const auto name_size = cursor.number<std::uint32_t>();
        const auto description_size = cursor.number<std::uint32_t>();
        const auto type = cursor.number<std::uint32_t>();
        const auto name = filled_up(cursor, name_size);
        const auto description = filled_up(cursor, description_size);
        if (!cursor.ok() || found.notes.size() == kMostUsdtNotes) {
            ++found.unread;
            break;
        }
        if (type != kUsdtType || !std::equal(name.begin(), name.end(), kUsdtName.begin(), kUsdtName.end())) continue;
        if (const auto note = note_from(description, address_bytes)) {
            found.notes.push_back(*note);
        } else {
            ++found.unread;
        }
    }
    return found;
}

}  // namespace footfall
