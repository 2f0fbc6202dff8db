#include "agent/protocols/http2/header_block.h"

#include <cctype>
#include <span>

#include "agent/protocols/http2/huffman.h"

namespace footfall::http2 {
namespace {

constexpr std::size_t kLongestName = 12;          // of the fields that are read
constexpr std::size_t kLongestCodedName = 16;     // … in the Huffman code, which may be longer than the text
constexpr std::size_t kContentTypeLimit = 32;     // bytes of one that are looked at
constexpr std::size_t kNumberLimit = 4;           // digits of a status
constexpr std::uint32_t kIntegerLimit = 1 << 28;  // a larger one is no length or index of HTTP/2
constexpr std::uint16_t kNoNumber = 0xffff;

struct StaticEntry {
    Field field = Field::kOther;
    std::string_view text;
    std::uint16_t number = 0;
};

constexpr std::size_t kStaticEntries = 61;

// RFC 7541 Appendix A; entries that are not here are of other fields.
constexpr std::array<StaticEntry, kStaticEntries + 1> make_static_table() {
    std::array<StaticEntry, kStaticEntries + 1> table{};
    table[1] = {Field::kRequestOnly};
    table[2] = {Field::kMethod, "GET"};
    table[3] = {Field::kMethod, "POST"};
    table[4] = {Field::kPath, "/"};
    table[5] = {Field::kPath, "/index.html"};
    table[6] = table[7] = {Field::kRequestOnly};
    constexpr std::array<std::uint16_t, 7> kStatuses{200, 204, 206, 304, 400, 404, 500};
    for (std::size_t i = 0; i < kStatuses.size(); ++i) table[8 + i] = {Field::kStatus, {}, kStatuses[i]};
    table[31] = {Field::kContentType, {}, static_cast<std::uint16_t>(Content::kOther)};
    return table;
}
constexpr auto kStaticTable = make_static_table();

struct Coded {
    std::string_view bytes;
    bool huffman = false;

    // As text, cut at what out has room for.
    [[nodiscard]] std::optional<std::string_view> decode(std::span<char> out) const {
        if (!huffman) return bytes.substr(0, out.size());
        const auto length = huffman_decode(bytes, out);
        if (!length) return std::nullopt;
        return std::string_view(out.data(), *length);
    }
};

std::uint16_t number_of(std::string_view digits) {
    std::uint32_t number = 0;
    if (digits.empty() || digits.size() >= kNumberLimit) return kNoNumber;
    for (const char digit : digits) {
        if (digit < '0' || digit > '9') return kNoNumber;
        number = number * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    return static_cast<std::uint16_t>(number);
}

Field field_of(std::string_view name) {
    if (name == ":method") return Field::kMethod;
    if (name == ":path") return Field::kPath;
    if (name == ":status") return Field::kStatus;
    if (name == ":scheme" || name == ":authority" || name == ":protocol") return Field::kRequestOnly;
    if (name == "content-type") return Field::kContentType;
    if (name == "grpc-status") return Field::kGrpcStatus;
    return Field::kOther;
}

class BlockReader {
public:
    BlockReader(std::string_view block, bool whole, HpackTable& table, Head& head)
        : rest_(block), whole_(whole), table_(table), head_(head) {}

    BlockResult read() {
        while (!rest_.empty()) {
            if (!read_representation()) return cut_ && !whole_ ? BlockResult::kCut : BlockResult::kBroken;
        }
        return whole_ ? BlockResult::kWhole : BlockResult::kCut;
    }

private:
    // RFC 7541 §6: the first bits tell which it is, the others begin an integer.
    bool read_representation() {
        const auto first = static_cast<std::uint8_t>(rest_.front());
        if ((first & 0x80U) != 0) return read_indexed();
        if ((first & 0x40U) != 0) return read_literal(6, true);
        if ((first & 0x20U) != 0) return read_size_update();
        return read_literal(4, false);
    }

    bool read_indexed() {
        const auto index = read_integer(7);
        if (!index || *index == 0) return false;
        if (*index <= kStaticEntries) {
            const StaticEntry& entry = kStaticTable[*index];
            apply(entry.field, {entry.number, entry.text});
            return true;
        }
        const HpackTable::Entry* entry = table_.find(*index - kStaticEntries);
        if (entry == nullptr) {
            head_.unresolved = true;
        } else {
            apply(entry->field, table_.value(*entry));
        }
        return true;
    }

    bool read_literal(unsigned prefix, bool into_table) {
        const auto index = read_integer(prefix);
        if (!index) return false;
        const auto field = *index == 0 ? read_name() : name_at(*index);
        if (!field) return false;
        const auto coded = read_string();
        if (!coded) return false;
        const auto value = read_value(*field, *coded);
        if (!value) return false;
        note(*field, *value);
        if (into_table) table_.insert(*field, *value);
        return true;
    }

    bool read_size_update() {
        const auto size = read_integer(5);
        if (size) table_.resize(*size);
        return size.has_value();
    }

    [[nodiscard]] std::optional<Field> name_at(std::uint32_t index) const {
        if (index <= kStaticEntries) return kStaticTable[index].field;
        const HpackTable::Entry* entry = table_.find(index - kStaticEntries);
        return entry == nullptr ? Field::kUnknown : entry->field;
    }

    std::optional<Field> read_name() {
        const auto coded = read_string();
        if (!coded) return std::nullopt;
        if (coded->bytes.size() > (coded->huffman ? kLongestCodedName : kLongestName)) return Field::kOther;
        std::array<char, kLongestName + 1> buffer{};
        const auto name = coded->decode(buffer);
        return name ? std::optional(field_of(*name)) : std::nullopt;
    }

    // Text is decoded to where it is needed; what nobody needs is not decoded.
    std::optional<FieldValue> read_value(Field field, const Coded& coded) {
        switch (field) {
            case Field::kUnknown:
            case Field::kOther:
            case Field::kRequestOnly:
                return FieldValue{};
            case Field::kMethod:
                return read_text(head_.method, coded);
            case Field::kPath:
                return read_text(head_.path, coded);
            case Field::kStatus:
            case Field::kGrpcStatus: {
                std::array<char, kNumberLimit> buffer{};
                const auto digits = coded.decode(buffer);
                return digits ? std::optional(FieldValue{number_of(*digits), {}}) : std::nullopt;
            }
            case Field::kContentType: {
                std::array<char, kContentTypeLimit> buffer{};
                const auto type = coded.decode(buffer);
                if (!type) return std::nullopt;
                return FieldValue{static_cast<std::uint16_t>(content_of(*type)), {}};
            }
        }
        __builtin_unreachable();
    }

    template <std::size_t limit>
    static std::optional<FieldValue> read_text(BoundedText<limit>& text, const Coded& coded) {
        const auto decoded = coded.decode(text.bytes());
        if (!decoded) return std::nullopt;
        if (coded.huffman) {
            text.set_size(decoded->size());
        } else {
            text.assign(*decoded);
        }
        return FieldValue{0, text.view()};
    }

    void apply(Field field, const FieldValue& value) {
        if (field == Field::kMethod) head_.method.assign(value.text);
        if (field == Field::kPath) head_.path.assign(value.text);
        note(field, value);
    }

    void note(Field field, const FieldValue& value) {
        switch (field) {
            case Field::kUnknown:
                head_.unresolved = true;
                return;
            case Field::kOther:
                return;
            case Field::kMethod:
            case Field::kPath:
            case Field::kRequestOnly:
                head_.request_fields = true;
                return;
            case Field::kStatus:
                head_.response_fields = true;
                head_.status = value.number == kNoNumber ? std::nullopt : std::optional(value.number);
                return;
            case Field::kContentType:
                head_.content = static_cast<Content>(value.number);
                return;
            case Field::kGrpcStatus:
                head_.grpc_status = value.number;
                return;
        }
    }

    // RFC 7541 §5.1
    std::optional<std::uint32_t> read_integer(unsigned prefix) {
        if (rest_.empty()) return cut();
        const std::uint32_t most = (1U << prefix) - 1;
        std::uint32_t value = static_cast<std::uint8_t>(rest_.front()) & most;
        rest_.remove_prefix(1);
        if (value < most) return value;
        for (unsigned shift = 0; shift <= 28; shift += 7) {
            if (rest_.empty()) return cut();
            const auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            const std::uint64_t sum = value + (std::uint64_t{byte & 0x7fU} << shift);
            if (sum > kIntegerLimit) return std::nullopt;
            value = static_cast<std::uint32_t>(sum);
            if ((byte & 0x80U) == 0) return value;
        }
        return std::nullopt;
    }

    // RFC 7541 §5.2
    std::optional<Coded> read_string() {
        if (rest_.empty()) return cut();
        const bool huffman = (static_cast<std::uint8_t>(rest_.front()) & 0x80U) != 0;
        const auto length = read_integer(7);
        if (!length) return std::nullopt;
        if (*length > rest_.size()) return cut();
        const Coded coded{rest_.substr(0, *length), huffman};
        rest_.remove_prefix(*length);
        return coded;
    }

    std::nullopt_t cut() {
        cut_ = true;
        return std::nullopt;
    }

    std::string_view rest_;
    bool whole_;
    bool cut_ = false;  // the block ended in the midst of something
    HpackTable& table_;
    Head& head_;
};

}  // namespace

BlockResult read_block(std::string_view block, bool whole, HpackTable& table, Head& head) {
    return BlockReader(block, whole, table, head).read();
}

Content content_of(std::string_view type) {
    constexpr std::string_view kGrpc = "application/grpc";
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
    if (type.size() < kGrpc.size() ||
        !std::equal(kGrpc.begin(), kGrpc.end(), type.begin(), [&](char b, char a) { return same(a, b); })) {
        return Content::kOther;
    }
    const std::string_view rest = type.substr(kGrpc.size());
    if (rest.starts_with("-web-text")) return Content::kGrpcWebText;
    if (rest.starts_with("-web")) return Content::kGrpcWeb;
    return rest.empty() || rest.front() == '+' || rest.front() == ';' ? Content::kGrpc : Content::kOther;
}

}  // namespace footfall::http2
