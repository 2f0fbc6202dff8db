#include "symbolizer/elf/go_functions.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "symbolizer/unwind/go_table_finder.h"

namespace footfall {
namespace {

constexpr unsigned kMaxVarintBytes = 10;
constexpr std::uint32_t kNoFile = ~std::uint32_t{0};
// The fields of a function's record, counted from its entry address.
constexpr unsigned kNameField = 1;
constexpr unsigned kFileProgramField = 5;
constexpr unsigned kLineProgramField = 6;
constexpr unsigned kUnitField = 8;

std::optional<GoTablePlace> find_place(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0) return std::nullopt;
    FileBlocks file(fd, static_cast<std::uint64_t>(status.st_size));
    const auto sections = find_unwind_sections(file);
    return sections ? find_go_table(file, *sections) : std::nullopt;
}

}  // namespace

tl::expected<GoFunctions, Miss> GoFunctions::open(int fd) {
    auto file = ElfFile::open(fd);
    if (!file) return tl::unexpected(file.error());
    const auto place = find_place(fd);
    if (!place) return tl::unexpected(Miss::kStripped);
    const std::string_view bytes = file->bytes();
    if (place->offset > bytes.size() || place->size > bytes.size() - place->offset) return tl::unexpected(Miss::kMalformed);
    GoFunctions functions(std::move(*file), bytes.substr(place->offset, place->size), place->table);
    if (!functions.find_files()) return tl::unexpected(Miss::kMalformed);
    return functions;
}

// Go 1.2's files follow its functions.
bool GoFunctions::find_files() {
    if (layout_.version != GoTableVersion::k12) return true;
    layout_.files = value_at<std::uint32_t>(layout_.functions + (2 * layout_.function_count + 1) * layout_.pointer_size);
    return layout_.files < table_.size();
}

template <typename Value>
Value GoFunctions::value_at(std::uint64_t at) const {
    Value value{};
    if (at <= table_.size() && table_.size() - at >= sizeof value) std::memcpy(&value, table_.data() + at, sizeof value);
    return value;
}

std::uint64_t GoFunctions::pointer_at(std::uint64_t at) const {
    return layout_.pointer_size == 8 ? value_at<std::uint64_t>(at) : value_at<std::uint32_t>(at);
}

std::uint64_t GoFunctions::varint_at(std::uint64_t& at) const {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < kMaxVarintBytes; ++i) {
        const auto byte = value_at<std::uint8_t>(at++);
        value |= std::uint64_t{byte & 0x7fU} << (7 * i);
        if ((byte & 0x80U) == 0) break;
    }
    return value;
}

std::string_view GoFunctions::text_at(std::uint64_t at) const {
    if (at >= table_.size()) return {};
    const std::string_view rest = table_.substr(at);
    return rest.substr(0, rest.find('\0'));
}

std::uint64_t GoFunctions::entry_address(std::uint64_t index) const {
    const std::uint64_t at = layout_.functions + index * 2 * layout_.entry_size();
    return layout_.counts_from_text() ? layout_.text_start + value_at<std::uint32_t>(at) : pointer_at(at);
}

std::optional<std::uint64_t> GoFunctions::record_of(std::uint64_t address) const {
    if (address < entry_address(0) || address >= entry_address(layout_.function_count)) return std::nullopt;
    std::uint64_t low = 0;
    std::uint64_t high = layout_.function_count;
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        (entry_address(middle) <= address ? low : high) = middle;
    }
    const std::uint64_t at = layout_.functions + low * 2 * layout_.entry_size() + layout_.entry_size();
    const std::uint64_t offset = layout_.counts_from_text() ? value_at<std::uint32_t>(at) : pointer_at(at);
    const std::uint64_t record = (layout_.version == GoTableVersion::k12 ? 0 : layout_.functions) + offset;
    if (offset >= table_.size() || record >= table_.size()) return std::nullopt;
    return record;
}

std::uint32_t GoFunctions::field_at(std::uint64_t record, unsigned index) const {
    return value_at<std::uint32_t>(record + layout_.entry_size() + std::uint64_t{4} * (index - 1));
}

std::optional<GoFunctions::Function> GoFunctions::find(std::uint64_t address) const {
    const auto record = record_of(address);
    if (!record) return std::nullopt;
    const std::string_view name = text_at(layout_.names + field_at(*record, kNameField));
    if (name.empty()) return std::nullopt;
    const std::uint64_t start =
        layout_.counts_from_text() ? layout_.text_start + value_at<std::uint32_t>(*record) : pointer_at(*record);
    if (start > address) return std::nullopt;
    return Function{name, start};
}

std::vector<GoFunctions::Extent> GoFunctions::all() const {
    std::vector<Extent> extents;
    for (std::uint64_t i = 0; i < layout_.function_count; ++i) {
        const std::uint64_t start = entry_address(i);
        const std::uint64_t end = entry_address(i + 1);
        const auto function = end > start ? find(start) : std::nullopt;
        if (function && function->start == start) extents.push_back({function->name, start, end});
    }
    return extents;
}

std::vector<GoFunctions::Extent> GoFunctions::named(std::span<const std::string_view> names) const {
    std::vector<Extent> extents = all();
    std::erase_if(extents,
                  [&](const Extent& extent) { return std::find(names.begin(), names.end(), extent.name) == names.end(); });
    return extents;
}

std::optional<GoFunctions::Place> GoFunctions::line_of(std::uint64_t address) const {
    const auto record = record_of(address);
    const auto function = find(address);
    if (!record || !function) return std::nullopt;
    const std::uint64_t offset = address - function->start;
    const std::int64_t line = program_value(field_at(*record, kLineProgramField), offset);
    const std::int64_t file = program_value(field_at(*record, kFileProgramField), offset);
    if (line <= 0) return std::nullopt;
    return Place{file_name(*record, file), static_cast<std::uint32_t>(line)};
}

std::int64_t GoFunctions::program_value(std::uint64_t program, std::uint64_t offset) const {
    std::uint64_t at = layout_.programs + program;
    std::int64_t value = -1;
    std::uint64_t reached = 0;
    for (bool first = true; at < table_.size(); first = false) {
        const std::uint64_t step = varint_at(at);
        if (step == 0 && !first) return -1;
        const auto magnitude = static_cast<std::int64_t>(step >> 1U);
        value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) +
                                          static_cast<std::uint64_t>((step & 1U) != 0 ? ~magnitude : magnitude));
        reached += varint_at(at) * layout_.quantum;
        if (offset < reached) return value;
    }
    return -1;
}

std::string_view GoFunctions::file_name(std::uint64_t record, std::int64_t number) const {
    if (number < 0) return {};
    const auto index = static_cast<std::uint64_t>(number);
    if (layout_.version == GoTableVersion::k12) return text_at(value_at<std::uint32_t>(layout_.files + index * 4));
    const std::uint64_t unit = field_at(record, kUnitField);
    const auto offset = value_at<std::uint32_t>(layout_.unit_files + (unit + index) * 4);
    return offset == kNoFile ? std::string_view() : text_at(layout_.files + offset);
}

}  // namespace footfall
