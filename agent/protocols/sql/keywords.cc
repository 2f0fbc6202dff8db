#include "agent/protocols/sql/keywords.h"

#include <array>

namespace footfall::sql {
namespace {

constexpr std::string_view kWords[] = {
    "",
#define FOOTFALL_SQL_WORD(word, part) #word,
#include "agent/protocols/sql/keywords.def"
#undef FOOTFALL_SQL_WORD
};
constexpr Part kParts[] = {
    Part::kNone,
#define FOOTFALL_SQL_WORD(word, part) Part::part,
#include "agent/protocols/sql/keywords.def"
#undef FOOTFALL_SQL_WORD
};

constexpr std::size_t kSlots = 1024;  // a power of two, several times as many as there are words
constexpr std::size_t kLongest = 23;

constexpr char to_upper(char byte) { return byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 'a' + 'A') : byte; }

constexpr std::size_t mix(std::size_t hash, char upper) { return hash * 31 + static_cast<unsigned char>(upper); }

constexpr std::size_t slot_of(std::size_t hash) { return (hash ^ hash >> 10U) % kSlots; }

struct Table {
    std::array<std::uint8_t, kSlots> word{};
};

constexpr Table make_table() {
    Table table;
    for (std::size_t i = 1; i < std::size(kWords); ++i) {
        std::size_t hash = 0;
        for (const char byte : kWords[i]) hash = mix(hash, byte);
        std::size_t slot = slot_of(hash);
        while (table.word[slot] != 0) slot = (slot + 1) % kSlots;
        table.word[slot] = static_cast<std::uint8_t>(i);
    }
    return table;
}

constexpr Table kTable = make_table();
static_assert(std::size(kWords) < 256);

}  // namespace

Keyword keyword_of(std::string_view word) {
    if (word.size() > kLongest) return Keyword::kNone;
    std::array<char, kLongest> upper{};
    std::size_t hash = 0;
    for (std::size_t i = 0; i < word.size(); ++i) {
        upper[i] = to_upper(word[i]);
        hash = mix(hash, upper[i]);
    }
    for (std::size_t slot = slot_of(hash); kTable.word[slot] != 0; slot = (slot + 1) % kSlots) {
        const std::uint8_t found = kTable.word[slot];
        if (kWords[found] == std::string_view(upper.data(), word.size())) return static_cast<Keyword>(found);
    }
    return Keyword::kNone;
}

Part part_of(Keyword keyword) { return kParts[static_cast<std::size_t>(keyword)]; }

bool is_reserved(Keyword keyword) {
    switch (part_of(keyword)) {
        case Part::kAs:
        case Part::kBeforeTable:
        case Part::kEndOfFrom:
        case Part::kFrom:
        case Part::kInto:
        case Part::kSelect:
        case Part::kSetOperation:
        case Part::kTable:
        case Part::kValue:
        case Part::kWith:
            return true;
        case Part::kNone:
            return keyword == Keyword::ALL || keyword == Keyword::CASE || keyword == Keyword::CREATE ||
                   keyword == Keyword::DEFAULT || keyword == Keyword::DISTINCT || keyword == Keyword::DO ||
                   keyword == Keyword::END || keyword == Keyword::IF || keyword == Keyword::NOT || keyword == Keyword::ON ||
                   keyword == Keyword::TO;
        case Part::kDelete:
        case Part::kDual:
        case Part::kInsert:
        case Part::kJoin:
        case Part::kModifier:
        case Part::kRecursive:
        case Part::kRows:
        case Part::kUpdate:
        case Part::kValues:
            return false;
    }
    __builtin_unreachable();
}

}  // namespace footfall::sql
