#include "symbolizer/elf/go_functions.h"

#include <array>
#include <cstring>

namespace footfall {
namespace {

constexpr std::uint32_t kMagic12 = 0xfffffffb;
constexpr std::uint32_t kMagic116 = 0xfffffffa;
constexpr std::uint32_t kMagic118 = 0xfffffff0;
constexpr std::uint32_t kMagic120 = 0xfffffff1;
constexpr std::uint64_t kHeaderBytes = 8;
constexpr unsigned kMaxVarintBytes = 10;
constexpr std::uint32_t kNoFile = ~std::uint32_t{0};
// The fields of a function's record, counted from its entry address.
constexpr unsigned kNameField = 1;
constexpr unsigned kFileProgramField = 5;
constexpr unsigned kLineProgramField = 6;
constexpr unsigned kUnitField = 8;

}  // namespace

tl::expected<GoFunctions, Miss> GoFunctions::open(int fd) {
    auto file = ElfFile::open(fd);
    if (!file) return tl::unexpected(file.error());
    const ElfSection* section = file->section(".gopclntab");
    if (section == nullptr) section = file->section(".data.rel.ro.gopclntab");
    const auto table = section != nullptr ? ElfFile::contents(*section) : std::nullopt;
    if (!table) return tl::unexpected(Miss::kStripped);
    const ElfSection* text = file->section(".text");
    const std::uint64_t text_start = text != nullptr ? text->header.sh_addr : 0;
    GoFunctions functions(std::move(*file), *table);
    if (!functions.read_version() || !functions.read_layout(text_start)) return tl::unexpected(Miss::kMalformed);
    return functions;
}

bool GoFunctions::read_version() {
    switch (value_at<std::uint32_t>(0)) {
        case kMagic12:
            version_ = Version::k12;
            break;
        case kMagic116:
            version_ = Version::k116;
            break;
        case kMagic118:
        case kMagic120:
            version_ = Version::k118;
            break;
        default:
            return false;
    }
    quantum_ = value_at<std::uint8_t>(6);
    pointer_size_ = value_at<std::uint8_t>(7);
    return (quantum_ == 1 || quantum_ == 2 || quantum_ == 4) && (pointer_size_ == 4 || pointer_size_ == 8);
}

bool GoFunctions::read_layout(std::uint64_t text_start) {
    const auto word = [this](unsigned index) { return pointer_at(kHeaderBytes + std::uint64_t{index} * pointer_size_); };
    layout_.function_count = word(0);
    if (layout_.function_count == 0 || layout_.function_count > table_.size() / 8) return false;
    if (version_ == Version::k12) {
        layout_.functions = kHeaderBytes + pointer_size_;
        const std::uint64_t after = layout_.functions + (2 * layout_.function_count + 1) * pointer_size_;
        layout_.files = value_at<std::uint32_t>(after);
        return layout_.files < table_.size();
    }
    const bool has_text_start = version_ == Version::k118;
    if (has_text_start) layout_.text_start = word(2) != 0 ? word(2) : text_start;  // 0 where it is relocated at start
    const unsigned first = has_text_start ? 3 : 2;
    layout_.names = word(first);
    layout_.unit_files = word(first + 1);
    layout_.files = word(first + 2);
    layout_.programs = word(first + 3);
    layout_.functions = word(first + 4);
    for (const std::uint64_t part :
         {layout_.names, layout_.unit_files, layout_.files, layout_.programs, layout_.functions}) {
        if (part >= table_.size()) return false;
    }
    return true;
}

template <typename Value>
Value GoFunctions::value_at(std::uint64_t at) const {
    Value value{};
    if (at <= table_.size() && table_.size() - at >= sizeof value) std::memcpy(&value, table_.data() + at, sizeof value);
    return value;
}

std::uint64_t GoFunctions::pointer_at(std::uint64_t at) const {
    return pointer_size_ == 8 ? value_at<std::uint64_t>(at) : value_at<std::uint32_t>(at);
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
    const std::uint64_t at = layout_.functions + index * 2 * entry_size();
    return version_ == Version::k118 ? layout_.text_start + value_at<std::uint32_t>(at) : pointer_at(at);
}

std::optional<std::uint64_t> GoFunctions::record_of(std::uint64_t address) const {
    if (address < entry_address(0) || address >= entry_address(layout_.function_count)) return std::nullopt;
    std::uint64_t low = 0;
    std::uint64_t high = layout_.function_count;
    while (high - low > 1) {
        const std::uint64_t middle = low + (high - low) / 2;
        (entry_address(middle) <= address ? low : high) = middle;
    }
    const std::uint64_t at = layout_.functions + low * 2 * entry_size() + entry_size();
    const std::uint64_t offset = version_ == Version::k118 ? value_at<std::uint32_t>(at) : pointer_at(at);
    const std::uint64_t record = (version_ == Version::k12 ? 0 : layout_.functions) + offset;
    if (offset >= table_.size() || record >= table_.size()) return std::nullopt;
    return record;
}

std::uint32_t GoFunctions::field_at(std::uint64_t record, unsigned index) const {
    return value_at<std::uint32_t>(record + entry_size() + std::uint64_t{4} * (index - 1));
}

std::optional<GoFunctions::Function> GoFunctions::find(std::uint64_t address) const {
    const auto record = record_of(address);
    if (!record) return std::nullopt;
    const std::string_view name = text_at(layout_.names + field_at(*record, kNameField));
    if (name.empty()) return std::nullopt;
    const std::uint64_t start =
        version_ == Version::k118 ? layout_.text_start + value_at<std::uint32_t>(*record) : pointer_at(*record);
    return Function{name, start};
}

std::optional<GoFunctions::Place> GoFunctions::line_of(std::uint64_t address) const {
    const auto record = record_of(address);
    const auto function = find(address);
    if (!record || !function || address < function->start) return std::nullopt;
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
        reached += varint_at(at) * quantum_;
        if (offset < reached) return value;
    }
    return -1;
}

std::string_view GoFunctions::file_name(std::uint64_t record, std::int64_t number) const {
    if (number < 0) return {};
    const auto index = static_cast<std::uint64_t>(number);
    if (version_ == Version::k12) return text_at(value_at<std::uint32_t>(layout_.files + index * 4));
    const std::uint64_t unit = field_at(record, kUnitField);
    const auto offset = value_at<std::uint32_t>(layout_.unit_files + (unit + index) * 4);
    return offset == kNoFile ? std::string_view() : text_at(layout_.files + offset);
}

}  // namespace footfall
