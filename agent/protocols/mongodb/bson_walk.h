// The elements of a BSON document (bsonspec.org, version 1.1), one after the other, as far as its bytes are there: of a
// message often only the first ones are. libbson refuses a document that is cut, so it is the oracle of the tests, not the
// reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace footfall::mongodb {

enum class BsonType : std::uint8_t {
    kDouble = 0x01,
    kString = 0x02,
    kDocument = 0x03,
    kArray = 0x04,
    kBool = 0x08,
    kInt32 = 0x10,
    kInt64 = 0x12,
};

struct BsonElement {
    BsonType type{};  // as sent: may be another than those that have a name here
    std::string_view name;
    std::string_view value;  // without the length of a string and the zero behind it; what is there of it
    bool whole = true;       // all of value is there
};

// A little-endian integer at the start of bytes, which hold at least four.
std::uint32_t read_u32(std::string_view bytes);

class BsonWalk {
public:
    // bytes: a document, or as many of its first bytes as there are; what comes behind it is not looked at.
    explicit BsonWalk(std::string_view bytes);

    // None at the end, at the first element whose name is cut, and at what is not BSON. After one that is not whole: none.
    std::optional<BsonElement> next();
    // The bytes break BSON's rules.
    [[nodiscard]] bool broken() const { return broken_; }
    // The walk came to the document's last byte.
    [[nodiscard]] bool complete() const { return complete_; }

private:
    std::optional<BsonElement> fail();

    std::string_view rest_;
    bool cut_ = false;  // the document goes on behind rest_
    bool broken_ = false;
    bool complete_ = false;
};

// The bytes of the document that bytes begin with, its length included; 0 if they can't be one.
std::uint32_t bson_length(std::string_view bytes);

std::optional<std::int64_t> integer_of(const BsonElement& element);

}  // namespace footfall::mongodb
