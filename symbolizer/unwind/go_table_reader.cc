#include "symbolizer/unwind/go_table_reader.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace footfall {
namespace {

constexpr std::uint64_t kMostName = 64;
// Of a function's record; Go 1.20 has the number of its first line, 4 bytes, in front of the flags.
constexpr std::size_t kNameAt = 4;
constexpr std::size_t kStackProgramAt = 16;
constexpr std::size_t kFlagsAt = 37;
constexpr std::size_t kLineBytes = 4;

template <typename Value, std::size_t kSize>
Value field_at(const std::array<std::uint8_t, kSize>& bytes, std::size_t at) {
    Value value{};
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
}

}  // namespace

bool GoTableReader::read(std::uint64_t offset, void* into, std::size_t size) {
    return offset <= place_.size && size <= place_.size - offset && file_.read(place_.offset + offset, into, size);
}

std::optional<GoFunction> GoTableReader::function(std::uint64_t number) {
    if (!table().counts_from_text() || number >= table().function_count) return std::nullopt;
    std::array<std::uint32_t, 3> entry{};  // address, record, and the next one's address
    if (!read(table().functions + number * 8, entry.data(), sizeof entry)) return std::nullopt;
    std::array<std::uint8_t, kFlagsAt + kLineBytes + 1> record{};
    const std::size_t flags_at = kFlagsAt + (table().version == GoTableVersion::k120 ? kLineBytes : 0);
    if (!read(table().functions + entry[1], record.data(), flags_at + 1)) return std::nullopt;
    if (field_at<std::uint32_t>(record, 0) != entry[0] || entry[2] <= entry[0]) return std::nullopt;
    GoFunction function;
    function.begin = entry[0];
    function.end = entry[2];
    function.name = field_at<std::uint32_t>(record, kNameAt);
    function.stack_program = field_at<std::uint32_t>(record, kStackProgramAt);
    function.flags = record[flags_at];
    return function;
}

std::string GoTableReader::name_of(const GoFunction& function) {
    std::array<char, kMostName> text{};
    const std::uint64_t at = table().names + function.name;
    if (at >= place_.size) return {};
    const auto size = static_cast<std::size_t>(std::min(kMostName, place_.size - at));
    if (!read(at, text.data(), size)) return {};
    return {text.data(), static_cast<std::size_t>(std::find(text.begin(), text.begin() + size, '\0') - text.begin())};
}

GoStackProgram::GoStackProgram(GoTableReader& table, const GoFunction& function)
    : table_(table),
      function_end_(function.end),
      from_(table.table().programs + function.stack_program),
      at_(from_),
      end_(function.begin) {}

bool GoStackProgram::next() {
    if (end_ >= function_end_ || !sound_) return false;
    const std::uint32_t change = varint();
    if (change == 0 && !first_) return false;
    first_ = false;
    depth_ += (change & 1U) != 0 ? ~(change >> 1U) : change >> 1U;
    const std::uint64_t length = std::uint64_t{varint()} * table_.table().quantum;
    begin_ = end_;
    end_ = std::min(end_ + length, function_end_);
    return sound_;
}

std::uint32_t GoStackProgram::varint() {
    std::uint32_t value = 0;
    for (unsigned shift = 0; shift < 32; shift += 7) {
        std::uint8_t byte = 0;
        if (!table_.read(at_, &byte, sizeof byte)) break;
        ++at_;
        value |= std::uint32_t{byte & 0x7fU} << shift;
        if ((byte & 0x80U) == 0) return value;
    }
    sound_ = false;
    return 0;
}

}  // namespace footfall
