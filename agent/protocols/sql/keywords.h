// The words of SQL that a statement's name depends on: keywords.def as types, and how they are recognised.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace footfall::sql {

enum class Keyword : std::uint8_t {
    kNone,
#define FOOTFALL_SQL_WORD(word, part) word,
#include "agent/protocols/sql/keywords.def"
#undef FOOTFALL_SQL_WORD
};

// What a word does in a query: most do nothing that matters here.
enum class Part : std::uint8_t {
    kNone,
    kAs,
    kBeforeTable,
    kDelete,
    kDual,
    kEndOfFrom,
    kFrom,
    kInsert,
    kInto,
    kJoin,
    kModifier,
    kRecursive,
    kRows,
    kSelect,
    kSetOperation,
    kTable,
    kUpdate,
    kValue,
    kValues,
    kWith,
};

// In any case of letters. Takes constant time, whatever the word is.
Keyword keyword_of(std::string_view word);
Part part_of(Keyword keyword);
// Whether no table can be called so, unless it is quoted.
bool is_reserved(Keyword keyword);

}  // namespace footfall::sql
