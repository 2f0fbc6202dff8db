// What is known of a dynamic table of HPACK (RFC 7541 §2.3.2): of the one that one direction's encoder fills.
//
// Kept are the meaning of each entry and, where footfall reads the field, its value; nothing else of what was sent.
//
// The table may have been filled before footfall came, or while bytes passed unseen. Indices count from the newest entry, so
// index i is the i-th latest insertion that was seen, and one beyond those is unknown. This holds whatever was evicted,
// since only the oldest leave and a peer may not point to what has left; an entry too large for the table empties it, which
// is the same again. So neither the table's size nor the sizes of entries must be known to be right; they only bound what is
// kept: of each entry no more is counted than it has at least, so what is dropped here has left the peer's table as well, or
// is more than footfall keeps and unknown from then on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace footfall::http2 {

// The fields that footfall reads.
enum class Field : std::uint8_t {
    kUnknown,  // its name was not seen
    kOther,
    kMethod,
    kPath,
    kStatus,
    kRequestOnly,  // :scheme, :authority, :protocol: only a request has them
    kContentType,
    kGrpcStatus,
};

struct FieldValue {
    std::uint16_t number = 0;  // kStatus, kGrpcStatus; kContentType: a Content
    std::string_view text;     // kMethod, kPath
};

class HpackTable {
public:
    struct Entry {
        Field field = Field::kUnknown;
        std::uint16_t number = 0;
        std::uint16_t length = 0;  // of its text …
        std::uint32_t offset = 0;  // … which begins here
    };

    void insert(Field field, const FieldValue& value);
    // index: 1 is the newest. Null: it is not known.
    [[nodiscard]] const Entry* find(std::size_t index) const {
        return index == 0 || index > count_ ? nullptr : &entries_[(next_ - index) & (entries_.size() - 1)];
    }
    [[nodiscard]] FieldValue value(const Entry& entry) const {
        return {entry.number, std::string_view(text_).substr(entry.offset, entry.length)};
    }
    // The encoder says how large the table may be from here on, in bytes.
    void resize(std::size_t size);
    // Insertions may have been missed: none of the entries has a known place any more.
    void forget();
    // As at the beginning of a connection.
    void reset();

    [[nodiscard]] std::size_t size() const { return count_; }

private:
    static constexpr std::size_t kDefaultLimit = 4096;  // RFC 9113 §6.5.2
    static constexpr std::size_t kMost = 65536;
    static constexpr std::size_t kEntryCost = 32;  // RFC 7541 §4.1

    void drop_oldest();
    void grow();
    void reclaim_text();

    std::vector<Entry> entries_;  // a ring; its size is a power of two
    std::string text_;            // of all entries, in their order, with what was dropped in front
    std::size_t next_ = 0;        // where the next one goes
    std::size_t count_ = 0;
    std::size_t bytes_ = 0;  // of the peer's table that these take at least
    std::size_t limit_ = kDefaultLimit;
};

}  // namespace footfall::http2
