#include "agent/protocols/mongodb/bson_walk.h"

#include <cmath>
#include <cstring>

namespace footfall::mongodb {
namespace {

constexpr std::uint32_t kShortestDocument = 5;  // its length and the zero that ends it
constexpr std::uint32_t kLongestDocument = 64U << 20U;

std::uint64_t read_u64(std::string_view bytes) { return read_u32(bytes) | std::uint64_t{read_u32(bytes.substr(4))} << 32U; }

// How long a value is, its own length field included.
struct Extent {
    std::uint64_t prefix = 0;  // bytes in front of what it says
    std::uint64_t length = 0;  // of what it says
    std::uint64_t suffix = 0;
};
enum class Size : std::uint8_t { kKnown, kCut, kBroken };

// A string's length counts the zero behind it.
Size size_of_string(std::string_view bytes, Extent& extent) {
    if (bytes.size() < 4) return Size::kCut;
    const std::uint32_t length = read_u32(bytes);
    if (length == 0 || length > kLongestDocument) return Size::kBroken;
    extent = {4, length - 1, 1};
    return Size::kKnown;
}

Size size_of_document(std::string_view bytes, Extent& extent, std::uint32_t least) {
    if (bytes.size() < 4) return Size::kCut;
    const std::uint32_t length = read_u32(bytes);
    if (length < least || length > kLongestDocument) return Size::kBroken;
    extent = {0, length, 0};
    return Size::kKnown;
}

Size size_of_binary(std::string_view bytes, Extent& extent) {
    if (bytes.size() < 4) return Size::kCut;
    const std::uint32_t length = read_u32(bytes);
    if (length > kLongestDocument) return Size::kBroken;
    extent = {5, length, 0};
    return Size::kKnown;
}

Size size_of_regex(std::string_view bytes, Extent& extent) {
    const std::size_t pattern = bytes.find('\0');
    const std::size_t options = pattern == std::string_view::npos ? pattern : bytes.find('\0', pattern + 1);
    if (options == std::string_view::npos) return Size::kCut;
    extent = {0, options + 1, 0};
    return Size::kKnown;
}

Size size_of(std::uint8_t type, std::string_view bytes, Extent& extent) {
    const auto fixed = [&extent](std::uint64_t length) {
        extent = {0, length, 0};
        return Size::kKnown;
    };
    switch (type) {
        case 0x01:  // double
        case 0x09:  // date
        case 0x11:  // timestamp
        case 0x12:  // int64
            return fixed(8);
        case 0x02:  // string
        case 0x0D:  // code
        case 0x0E:  // symbol
            return size_of_string(bytes, extent);
        case 0x03:  // document
        case 0x04:  // array
            return size_of_document(bytes, extent, kShortestDocument);
        case 0x05:
            return size_of_binary(bytes, extent);
        case 0x06:  // undefined
        case 0x0A:  // null
        case 0x7F:  // the largest key
        case 0xFF:  // the smallest
            return fixed(0);
        case 0x07:  // object id
            return fixed(12);
        case 0x08:  // bool
            return fixed(1);
        case 0x0B:
            return size_of_regex(bytes, extent);
        case 0x0C: {  // a pointer to a document: its collection, its id
            const Size size = size_of_string(bytes, extent);
            extent.suffix += 12;
            return size;
        }
        case 0x0F:  // code with a scope
            return size_of_document(bytes, extent, 4 + 5 + kShortestDocument);
        case 0x10:  // int32
            return fixed(4);
        case 0x13:  // decimal
            return fixed(16);
        default:
            return Size::kBroken;
    }
}

}  // namespace

std::uint32_t read_u32(std::string_view bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;  // BSON's order is that of every processor that footfall runs on
}

std::uint32_t bson_length(std::string_view bytes) {
    if (bytes.size() < 4) return 0;
    const std::uint32_t length = read_u32(bytes);
    return length < kShortestDocument || length > kLongestDocument ? 0 : length;
}

BsonWalk::BsonWalk(std::string_view bytes) {
    if (bytes.size() < 4) return;
    const std::uint32_t length = bson_length(bytes);
    broken_ = length == 0;
    if (broken_) return;
    cut_ = bytes.size() < length;
    rest_ = bytes.substr(4, length - 4);
}

std::optional<BsonElement> BsonWalk::fail() {
    broken_ = true;
    rest_ = {};
    return std::nullopt;
}

std::optional<BsonElement> BsonWalk::next() {
    if (rest_.empty()) return std::nullopt;
    const auto type = static_cast<std::uint8_t>(rest_.front());
    if (type == 0) {
        complete_ = rest_.size() == 1 && !cut_;
        if (!complete_) return fail();
        rest_ = {};
        return std::nullopt;
    }
    const std::size_t name_end = rest_.find('\0', 1);
    if (name_end == std::string_view::npos) {
        if (!cut_) return fail();
        rest_ = {};
        return std::nullopt;
    }
    const std::string_view name = rest_.substr(1, name_end - 1);
    const std::string_view bytes = rest_.substr(name_end + 1);
    Extent extent;
    switch (size_of(type, bytes, extent)) {
        case Size::kBroken:
            return fail();
        case Size::kCut:
            if (!cut_) return fail();
            rest_ = {};
            return BsonElement{static_cast<BsonType>(type), name, {}, false};
        case Size::kKnown:
            break;
    }
    const std::uint64_t all = extent.prefix + extent.length + extent.suffix;
    const bool whole = all <= bytes.size();
    if (!whole && !cut_) return fail();
    const std::string_view value =
        extent.prefix < bytes.size() ? bytes.substr(extent.prefix, extent.length) : std::string_view();
    rest_ = whole ? bytes.substr(all) : std::string_view();
    if (whole && rest_.empty() && !cut_) return fail();  // a zero ends the document
    return BsonElement{static_cast<BsonType>(type), name, value, whole};
}

std::optional<std::int64_t> integer_of(const BsonElement& element) {
    if (!element.whole) return std::nullopt;
    switch (element.type) {
        case BsonType::kInt32:
            return static_cast<std::int32_t>(read_u32(element.value));
        case BsonType::kInt64:
            return static_cast<std::int64_t>(read_u64(element.value));
        case BsonType::kBool:
            return element.value.front() != 0;
        case BsonType::kDouble: {
            double value = 0;
            std::memcpy(&value, element.value.data(), sizeof value);
            // Codes and truths only: what no integer can hold is neither.
            return std::abs(value) < 1e9 ? std::optional(static_cast<std::int64_t>(value)) : std::nullopt;
        }
        case BsonType::kString:
        case BsonType::kDocument:
        case BsonType::kArray:
            return std::nullopt;
    }
    return std::nullopt;
}

}  // namespace footfall::mongodb
